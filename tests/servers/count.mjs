// How long texts are by counters that share no code with the product: ICU's segmenter, JavaScript's own strings, and
// the library of X itself.
//
//   node --input-type=module --eval "$(cat count.mjs)" LIST     LIST: a JSON file with texts
//
// Prints for each text {graphemes, utf16, codePoints, bytes, weighted, isValid}.
import { readFileSync } from 'node:fs';
import twitter from 'twitter-text';

const segmenter = new Intl.Segmenter('en', { granularity: 'grapheme' });
const texts = JSON.parse(readFileSync(process.argv.at(-1), 'utf8'));
const counts = texts.map((text) => {
  const { weightedLength, valid } = twitter.parseTweet(text);
  return {
    graphemes: [...segmenter.segment(text)].length,
    utf16: text.length,
    codePoints: [...text].length,
    bytes: Buffer.byteLength(text),
    weighted: weightedLength,
    isValid: valid,
  };
});
console.log(JSON.stringify(counts));
