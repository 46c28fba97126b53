// What three feed parsers that readers are built on see in feed files.
//
//   node --input-type=module --eval "$(cat feeds.mjs)" LIST     LIST: a JSON file with the paths of the feeds
//
// Prints {path: {parser: {title, items: [{id, title, url, published, html}]}}}; a parser that fails gives {error}.
import { readFileSync } from 'node:fs';
import feedParser from '@rowanmanning/feed-parser';
import { parseFeed } from 'feedsmith';
import RssParser from 'rss-parser';

const iso = (date) => (date ? new Date(date).toISOString() : null);
const text = (value) => (value && typeof value === 'object' ? value.value : value) ?? null;

async function byRssParser(source) {
  const feed = await new RssParser().parseString(source);
  return {
    title: feed.title,
    items: feed.items.map((item) => ({
      id: item.guid ?? item.id,
      title: item.title,
      url: item.link,
      published: iso(item.isoDate),
      html: item['content:encoded'] ?? item.content ?? null,
    })),
  };
}

function byFeedParser(source) {
  const feed = feedParser.parseFeed(source);
  return {
    title: feed.title,
    items: feed.items.map((item) => ({
      id: item.id,
      title: item.title,
      url: item.url,
      published: iso(item.published),
      html: item.content,
    })),
  };
}

const bySyntax = {
  rss: (item) => ({
    id: text(item.guid),
    title: text(item.title),
    url: item.link,
    published: iso(item.pubDate),
    html: item.content?.encoded ?? item.description ?? null,
  }),
  atom: (entry) => ({
    id: entry.id,
    title: text(entry.title),
    url: entry.links?.find((link) => (link.rel ?? 'alternate') === 'alternate')?.href ?? null,
    published: iso(entry.published),
    html: text(entry.content),
  }),
  json: (item) => ({
    id: item.id,
    title: item.title,
    url: item.url,
    published: iso(item.date_published),
    html: item.content_html ?? null,
  }),
};

function byFeedsmith(source) {
  const { format, feed } = parseFeed(source);
  return { title: text(feed.title), items: (feed.items ?? feed.entries ?? []).map(bySyntax[format]) };
}

const seen = {};
for (const path of JSON.parse(readFileSync(process.argv[1], 'utf8'))) {
  const source = readFileSync(path, 'utf8');
  const parsers = path.endsWith('.json')
    ? { feedsmith: byFeedsmith }
    : { 'rss-parser': byRssParser, '@rowanmanning/feed-parser': byFeedParser, feedsmith: byFeedsmith };
  seen[path] = {};
  for (const [name, parse] of Object.entries(parsers)) {
    try {
      seen[path][name] = await parse(source);
    } catch (error) {
      seen[path][name] = { error: `${error.name}: ${error.message}` };
    }
  }
}
console.log(JSON.stringify(seen));
