// Narrows the list of topics to those with the words typed; without scripts the list stands whole.
const field = document.getElementById('filter');
const plain = (text) => text.normalize('NFKD').replace(/\p{M}/gu, '').toLowerCase();
const names = new Map();
const take = (row) => names.set(row, plain(row.querySelector('.name').textContent));
for (const row of document.querySelectorAll('.group > ul > li')) take(row);

const narrow = () => {
  const words = plain(field.value).split(/\s+/u).filter(Boolean);
  for (const [row, name] of names) row.hidden = !words.every((word) => name.includes(word));
  for (const group of document.querySelectorAll('.group')) group.hidden = !group.querySelector(':scope > ul > li:not([hidden])');
  document.getElementById('found').hidden = [...names.keys()].some((row) => !row.hidden);
};

// Large groups stand on pages of their own: those are fetched once someone searches.
const fetchGroup = async (group) => {
  const first = group.querySelector('.whole');
  const others = Array.from({ length: first.dataset.pages - 1 }, (_, place) => `${first.href}${place + 2}/`);
  const rows = [];
  for (const page of [first.href, ...others]) {
    const text = await (await fetch(page)).text();
    const found = new DOMParser().parseFromString(text, 'text/html').querySelectorAll('.group > ul > li');
    for (const row of found) {
      for (const link of row.querySelectorAll('a')) link.href = new URL(link.getAttribute('href'), page).href;
      rows.push(document.adoptNode(row));
    }
  }
  const list = group.querySelector(':scope > ul');
  for (const row of list.children) names.delete(row);
  list.replaceChildren(...rows);
  rows.forEach(take);
};

field.addEventListener('input', narrow);
field.addEventListener('focus', async () => {
  const large = [...document.querySelectorAll('.group:has(.whole)')];
  await Promise.allSettled(large.map(fetchGroup));
  if (field.value) narrow();
}, { once: true });
field.closest('.filter').hidden = false;
