// Draws a run: node charts.mjs FOLDER OUTPUT writes one SVG for each load, one of the processor time and one of the memory.
import { box, faint, grouped, ink, line, picture, text, width } from '../svg.mjs';
import { memoryOf, ours, read } from './results.mjs';

const [folder, output] = process.argv.slice(2);
const run = read(folder);

const left = 270;
const right = 110;
const top = 64;
const shades = { ours: ['#8cc5ae', '#3f9c7a', '#146c4c'], other: ['#c3ccd6', '#93a1b0', '#64748b'] };
const roles = { front: ['nginx', '#8fa8c8'], application: ['application', '#d08b3e'], database: ['PostgreSQL', '#4f6d93'] };

const titles = { list: 'Lists of ten todos', insert: 'New todos, on the disk before the answer', mix: 'Nine lists and a new todo' };
const medians = run.rounds === 1 ? 'one round' : `medians of ${run.rounds} rounds`;

// rows: [{ heading }] or [{ label, strong, bars: [{ parts: [{ value, fill }], least, most, label, note, noteFill }] }]
function rowsOf(rows, most, mark) {
  const scale = (width - left - right) / most;
  const body = [];
  let y = top + 8;
  for (const row of rows) {
    if (row.heading) {
      body.push(text(left, y + 14, row.heading, { size: 13, fill: faint }));
      y += 26;
      continue;
    }
    const height = row.bars.length * 18;
    body.push(text(left - 12, y + height / 2 + 5, row.label, { anchor: 'end', weight: row.strong ? 700 : 400, size: 13 }));
    for (const bar of row.bars) {
      let x = left;
      for (const part of bar.parts) {
        body.push(box(x, y, part.value * scale, 14, part.fill));
        x += part.value * scale;
      }
      if (bar.most !== undefined) body.push(line(left + bar.least * scale, y + 7, left + bar.most * scale, y + 7, ink));
      const end = Math.max(x, left + (bar.most ?? 0) * scale);
      body.push(text(end + 8, y + 12, bar.label, { size: 12 }));
      if (bar.note) body.push(text(left + 4, y + 11.5, bar.note, { size: 10, fill: bar.noteFill }));
      y += 18;
    }
    y += 10;
  }
  if (mark) {
    const x = left + mark.value * scale;
    body.push(`<line x1="${x}" y1="${top}" x2="${x}" y2="${y}" stroke="${ink}" stroke-dasharray="4 4"/>`, text(x, y + 14, mark.label, { size: 12, anchor: 'middle', fill: faint }));
    y += 20;
  }
  return { body, height: y + 8 };
}

for (const load of run.loads) {
  const cases = run.peers.map((peer) => run.clients.map((clients) => run.find(peer, load, clients)));
  cases.sort((a, b) => Math.max(...a.map((one) => one.rate)) - Math.max(...b.map((one) => one.rate)));
  const mark = run.find('pgbench', load);
  const most = Math.max(...cases.flat().map((one) => one.most), mark?.rate ?? 0);
  const rows = cases.map((group) => ({
    label: run.labels[group[0].peer],
    strong: group[0].peer === 'ours',
    bars: group.map((one, n) => ({
      parts: [{ value: one.rate, fill: shades[ours.includes(one.peer) ? 'ours' : 'other'][Math.min(n, 2)] }],
      least: one.least,
      most: one.most,
      label: grouped(one.rate),
      note: String(one.clients),
      noteFill: n === 0 ? ink : '#ffffff',
    })),
  }));
  const { body, height } = rowsOf(rows, most, mark && { value: mark.rate, label: `pgbench: ${grouped(mark.rate)}` });
  picture(`${output}/${load}.svg`, `${titles[load]}, requests a second`, `${run.clients.join(', ')} connections, from the top; ${medians}, the line: least to most`, height, body);
}

{
  const clients = run.clients.includes(100) ? 100 : run.clients[0];
  const rows = run.loads.filter((load) => load !== 'mix').flatMap((load) => [
    { heading: titles[load] },
    ...run.peers.map((peer) => run.find(peer, load, clients)).sort((a, b) => b.together - a.together).map((one) => ({
      label: run.labels[one.peer],
      strong: one.peer === 'ours',
      bars: [{ parts: Object.entries(roles).map(([role, [, fill]]) => ({ value: one.cpu[role], fill })), label: `${Math.round(one.together)} us` }],
    })),
  ]);
  const most = Math.max(...run.cases.filter((one) => one.clients === clients && one.together).map((one) => one.together));
  const { body, height } = rowsOf(rows, most);
  Object.values(roles).forEach(([name, fill], n) => body.push(box(left + n * 150, height, 14, 14, fill), text(left + 20 + n * 150, height + 12, name, { size: 12 })));
  picture(`${output}/cpu.svg`, 'Processor time a request, microseconds', `${clients} connections; ${medians}`, height + 28, body);
}

{
  const clients = run.clients.at(-1);
  const cases = memoryOf(run).reverse();
  const rows = cases.map(({ peer, mib }) => ({
    label: run.labels[peer],
    strong: peer === 'ours',
    bars: [{ parts: [{ value: mib, fill: shades[ours.includes(peer) ? 'ours' : 'other'][1] }], label: `${Math.round(mib)} MiB` }],
  }));
  const { body, height } = rowsOf(rows, Math.max(...cases.map((one) => one.mib)));
  picture(`${output}/memory.svg`, 'Memory of the application', `${clients} connections; the most of the loads, ${medians}`, height, body);
}
