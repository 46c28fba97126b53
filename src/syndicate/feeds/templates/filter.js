// Narrows the list of topics to those with the words typed; without scripts the list stands whole.
const field = document.getElementById('filter');
const rows = [...document.querySelectorAll('.group li')];
const plain = (text) => text.normalize('NFKD').replace(/\p{M}/gu, '').toLowerCase();
const names = new Map(rows.map((row) => [row, plain(row.querySelector('.name').textContent)]));

field.addEventListener('input', () => {
  const words = plain(field.value).split(/\s+/u).filter(Boolean);
  for (const row of rows) row.hidden = !words.every((word) => names.get(row).includes(word));
  for (const group of document.querySelectorAll('.group')) group.hidden = !group.querySelector('li:not([hidden])');
  document.getElementById('found').hidden = rows.some((row) => !row.hidden);
});
field.closest('.filter').hidden = false;
