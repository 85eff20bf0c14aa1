'use strict';
/* Theme, readout under the pointer, sample browser. The page is complete without any of them. */
const el = (name, props = {}, ...children) => {
  const node = Object.assign(document.createElement(name), props);
  node.append(...children);
  return node;
};

document.getElementById('theme')?.addEventListener('click', () => {
  const root = document.documentElement;
  const dark = root.dataset.theme
    ? root.dataset.theme === 'dark'
    : matchMedia('(prefers-color-scheme: dark)').matches;
  root.dataset.theme = dark ? 'light' : 'dark';
});

/* One tip for all charts: the values of every series at the nearest step. */
const tip = el('div', { id: 'tip', hidden: true });
document.body.append(tip);
let cursor = null;
const leave = () => { tip.hidden = true; cursor?.remove(); cursor = null; };

document.addEventListener('pointermove', (event) => {
  const svg = event.target.closest?.('svg[data-hover]');
  if (!svg) { leave(); return; }
  svg.hover ??= JSON.parse(svg.dataset.hover);
  const { at, x, series, name, top, bottom } = svg.hover;
  const box = svg.getBoundingClientRect();
  const scale = svg.viewBox.baseVal.width / box.width;
  const pointer = (event.clientX - box.left) * scale;
  let nearest = 0;
  at.forEach((a, i) => {
    if (Math.abs(a - pointer) < Math.abs(at[nearest] - pointer)) nearest = i;
  });
  if (cursor?.ownerSVGElement !== svg) {
    leave();
    cursor = document.createElementNS('http://www.w3.org/2000/svg', 'line');
    cursor.setAttribute('class', 'cursor');
    svg.append(cursor);
  }
  for (const [k, v] of [['x1', at[nearest]], ['x2', at[nearest]], ['y1', top], ['y2', bottom]]) {
    cursor.setAttribute(k, v);
  }
  const table = el('table');
  for (const s of series) {
    if (s.y[nearest] !== '–') {
      table.append(el('tr', {}, el('td', { className: s.css, textContent: s.name }),
        el('td', { textContent: s.y[nearest] })));
    }
  }
  tip.replaceChildren(`${name} ${x[nearest]}`, table);
  tip.hidden = false;
  const left = scrollX + event.clientX + 16;
  const room = scrollX + document.documentElement.clientWidth - tip.offsetWidth - 8;
  tip.style.left = `${left > room ? scrollX + event.clientX - tip.offsetWidth - 16 : left}px`;
  tip.style.top = `${scrollY + event.clientY + 12}px`;
});
document.addEventListener('scroll', leave, { passive: true });

/* Sample browser. */
const data = document.getElementById('sample-data');
if (data) {
  const all = JSON.parse(data.textContent);
  const form = document.getElementById('filters');
  const list = document.getElementById('samples');
  const more = document.getElementById('more');
  const PAGE = 25;
  let shown = PAGE;
  const keys = {
    run: (r) => r.run,
    phase: (r) => r.sample.phase,
    step: (r) => String(r.sample.step),
    format: (r) => r.sample.format,
    status: (r) => r.sample.status,
    verdict: (r) => r.sample.verdict,
  };
  for (const [key, of] of Object.entries(keys)) {
    const values = [...new Set(all.map(of))];
    if (values.length < 2) continue;
    const select = el('select', { name: key }, el('option', { value: '', textContent: 'any' }),
      ...values.map((v) => el('option', { value: v, textContent: v.replaceAll('_', ' ') })));
    form.append(el('label', {}, key, select));
  }
  const order = el('select', { name: 'order' }, ...[
    ['', 'as sampled'], ['-advantage', 'advantage, highest first'],
    ['advantage', 'advantage, lowest first'], ['tokens', 'longest first'],
  ].map(([value, textContent]) => el('option', { value, textContent })));
  const shade = el('select', { name: 'shade' }, ...[
    ['logprobs', 'surprise (log-prob)'], ['ratios', 'policy ratio'],
    ['drift', 'drift from the reference'], ['', 'nothing'],
  ].map(([value, textContent]) => el('option', { value, textContent })));
  form.append(el('label', {}, 'order', order), el('label', {}, 'shade tokens by', shade),
    el('label', {}, 'containing', el('input', { name: 'text', type: 'search' })));

  const number = (v, digits = 3) => (v == null ? '–' : v.toFixed(digits).replace('-', '−'));
  const strength = (s, i) => {
    switch (shade.value) {
      case 'logprobs': return Math.min(1, -(s.logprobs[i] ?? 0) / 4);
      case 'ratios': return Math.min(1, Math.abs(Math.log(s.ratios?.[i] || 1)) * 4);
      case 'drift': return Math.min(1, Math.abs((s.logprobs[i] ?? 0) - (s.ref_logprobs?.[i] ?? s.logprobs[i] ?? 0)) / 3);
      default: return 0;
    }
  };
  const tokens = (s) => {
    const box = el('div', { className: 'tokens' });
    s.tokens.forEach((token, i) => {
      const title = `log-prob ${number(s.logprobs[i])}\nreference ${number(s.ref_logprobs?.[i])}\nratio ${number(s.ratios?.[i], 4)}`;
      const span = el('span', { textContent: token, title });
      span.style.background = `color-mix(in srgb, currentColor ${Math.round(45 * strength(s, i))}%, transparent)`;
      box.append(span);
    });
    if (!s.tokens.length) box.append(s.completion);
    return box;
  };
  const item = ({ run, css, sample: s }) => {
    const details = el('details', {}, el('summary', {},
      el('b', { className: css, textContent: s.format }),
      el('span', { textContent: s.verdict.replaceAll('_', ' ') }),
      el('span', { className: 'quiet', textContent: `${run}, ${s.phase} step ${s.step}, advantage ${number(s.advantage, 2)}` }),
      el('span', { className: 'what', textContent: s.completion })));
    details.addEventListener('toggle', () => {
      if (details.open && details.childElementCount === 1) {
        details.append(el('p', { className: 'prompt', textContent: s.prompt }), tokens(s),
          el('p', { className: 'aside', textContent: `${s.id}, ${s.tokens.length} tokens, ${s.status.replaceAll('_', ' ')}, reward ${number(s.reward, 2)}` }));
      }
    });
    return el('li', {}, details);
  };
  const update = () => {
    const wanted = Object.fromEntries(new FormData(form));
    let rows = all.filter((r) => Object.entries(keys).every(([k, of]) => !wanted[k] || of(r) === wanted[k]));
    const text = (wanted.text || '').toLowerCase();
    if (text) rows = rows.filter((r) => `${r.sample.id} ${r.sample.prompt} ${r.sample.completion}`.toLowerCase().includes(text));
    const by = {
      '-advantage': (a, b) => (b.sample.advantage ?? -9e9) - (a.sample.advantage ?? -9e9),
      advantage: (a, b) => (a.sample.advantage ?? 9e9) - (b.sample.advantage ?? 9e9),
      tokens: (a, b) => b.sample.tokens.length - a.sample.tokens.length,
    }[wanted.order];
    if (by) rows.sort(by);
    list.replaceChildren(...rows.slice(0, shown).map(item));
    document.getElementById('matches').textContent = `${rows.length} of ${all.length} completions`;
    more.hidden = rows.length <= shown;
  };
  form.addEventListener('input', () => { shown = PAGE; update(); });
  form.addEventListener('submit', (event) => event.preventDefault());
  more.addEventListener('click', () => { shown += 100; update(); });
  update();
}
