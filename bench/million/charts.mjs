// Draws a run over time: node charts.mjs FOLDER OUTPUT writes an SVG each of the connections, the answers a second, their
// latency, the memory and the processor time.
import { box, faint, grouped, ink, line, picture, text, width } from '../svg.mjs';
import { read, roles, seriesOf, slabOf } from './results.mjs';

const [folder, output] = process.argv.slice(2);
const run = read(folder);
const series = seriesOf(folder);

const left = 96;
const right = 170; // the legend, and above it what the last phases' names need
const plot = 300; // its height
const most = 800; // points of a line: more than the picture can show
const nameSize = 11;
const grid = '#e6eaee';
const colours = { p50: '#3f9c7a', p99: '#d08b3e', max: '#b4514b', nginx: '#8fa8c8', worker: '#d08b3e', postgresql: '#4f6d93', generator: '#a58bb8', other: '#d3d9e0' };

// When each phase begins, as bench-load plans it.
function beginnings() {
  const marks = [{ at: 0, name: 'ramp' }];
  let at = run.ramp.seconds;
  for (const { name, seconds } of run.phases) {
    marks.push({ at, name });
    at += seconds;
  }
  return { marks, end: at };
}

const { marks, end } = beginnings();
const seconds = Math.max(end, series.at(-1)?.seconds ?? 0);
const across = (at) => left + (at / seconds) * (width - left - right);

// A long run has a point for several seconds.
const each = Math.max(1, Math.ceil(series.length / most));
const mean = (values) => values.reduce((a, b) => a + b, 0) / values.length;
const greatest = (values) => Math.max(...values);
const note = (what) => (each === 1 ? 'each second' : `${what} of each ${each} seconds`);

// `of`: a line of the series and the one before it -> a value, or undefined where there is none: [at, value or undefined]...
function points(of, together = mean) {
  const thinned = [];
  for (let begin = 0; begin < series.length; begin += each) {
    const bucket = series.slice(begin, begin + each);
    const values = bucket.map((second, n) => of(second, series[begin + n - 1])).filter((value) => value !== undefined);
    thinned.push([mean(bucket.map((second) => second.seconds)), values.length > 0 ? together(values) : undefined]);
  }
  return thinned;
}

const path = (corners) => corners.map(([x, y]) => `${x.toFixed(1)},${y.toFixed(1)}`).join(' ');

// A line ends where there is no value, and a lone point is a dot.
function curve(values, down, stroke) {
  const parts = [[]];
  for (const [at, value] of values) {
    if (value === undefined) parts.push([]);
    else parts.at(-1).push([across(at), down(value)]);
  }
  const drawn = parts.filter((part) => part.length > 0).map((part) => (part.length === 1 ? [part[0], part[0]] : part));
  return drawn.map((part) => `<polyline points="${path(part)}" fill="none" stroke="${stroke}" stroke-width="1.5" stroke-linecap="round" stroke-linejoin="round"/>`);
}

// 1, 2 or 5 times a power of ten, so that about `count` of them make the whole.
function step(whole, count) {
  const power = 10 ** Math.floor(Math.log10(whole / count));
  return [1, 2, 5, 10].map((times) => times * power).find((one) => one * count >= whole);
}

function timeTicks() {
  const minutes = [15, 30, 60, 120, 300, 600, 900, 1800, 3600];
  const by = seconds <= 100 ? Math.max(1, step(seconds, 8)) : minutes.find((one) => one * 10 >= seconds) ?? 3600 * Math.ceil(seconds / 36_000);
  return Array.from({ length: Math.floor(seconds / by) + 1 }, (_, n) => n * by);
}

// The heights of the names: names grow to the right, so one that reaches beyond later lines stands above those lines' ends.
function rows() {
  const placed = [];
  for (const mark of [...marks].reverse()) {
    const until = across(mark.at) + 10 + mark.name.length * nameSize * 0.66;
    const crossed = placed.filter((later) => across(later.at) < until);
    placed.push({ ...mark, row: Math.max(-1, ...crossed.map((later) => later.row)) + 1 });
  }
  return placed;
}
const names = rows();
const top = 76 + Math.max(...names.map((mark) => mark.row)) * 15 + 6;
const bottom = top + plot;

// ticks: [[value, label]]
function frame({ unit, ticks, down }) {
  const body = ticks.flatMap(([value, label]) => [line(left, down(value), width - right, down(value), grid), text(left - 8, down(value) + 4, label, { size: 12, anchor: 'end', fill: faint })]);
  for (const at of timeTicks()) {
    body.push(line(across(at), bottom, across(at), bottom + 5, faint), text(across(at), bottom + 20, grouped(at), { size: 12, anchor: 'middle', fill: faint }));
  }
  body.push(text((left + width - right) / 2, bottom + 42, 'seconds since the start', { size: 12, anchor: 'middle', fill: faint }));
  const middle = (top + bottom) / 2;
  body.push(`<g transform="rotate(-90 20 ${middle})">${text(20, middle, unit, { size: 12, anchor: 'middle', fill: faint })}</g>`);
  return body;
}

function phases() {
  return names.flatMap(({ at, name, row }) => {
    const y = top - 6 - row * 15;
    return [line(across(at), y - 10, across(at), bottom, '#9aa5b1'), text(across(at) + 4, y, name, { size: nameSize, fill: faint })];
  });
}

const legend = (entries) =>
  entries.flatMap(([label, fill], n) => [box(width - right + 16, top + 4 + n * 22, 14, 14, fill), text(width - right + 36, top + 16 + n * 22, label, { size: 12 })]);

function draw(name, { title, subtitle, unit, ticks, down, body, entries }) {
  const edge = line(left, bottom, width - right, bottom, ink);
  picture(`${output}/${name}.svg`, title, subtitle, bottom + 56, [...frame({ unit, ticks, down }), ...body(down), edge, ...phases(), ...legend(entries)]);
}

// An axis from 0, or from the least where that is less, up to a whole number of steps.
function linear(values, least = 0) {
  const highest = Math.max(...values, least) || 1;
  const lowest = Math.min(0, ...values);
  const by = step(highest - lowest, 6);
  const ceiling = Math.ceil(highest / by) * by;
  const from = Math.ceil(lowest / by);
  const count = Math.round(ceiling / by) - from + 1;
  const digits = by < 1 ? Math.ceil(-Math.log10(by)) : 0;
  const label = (value) => value.toLocaleString('en-US', { minimumFractionDigits: digits, maximumFractionDigits: digits });
  return {
    down: (value) => bottom - ((value - lowest) / (ceiling - lowest)) * plot,
    ticks: Array.from({ length: count }, (_, n) => (from + n) * by).map((value) => [value, label(value + 0)]),
  };
}

// Whole decades.
function logarithmic(values) {
  const low = Math.floor(Math.log10(Math.min(1, ...values)));
  const high = Math.max(low + 1, Math.ceil(Math.log10(Math.max(...values, 1))));
  return {
    down: (value) => bottom - ((Math.log10(value) - low) / (high - low)) * plot,
    ticks: Array.from({ length: high - low + 1 }, (_, n) => 10 ** (low + n)).map((value) => [value, value.toLocaleString('en-US')]),
  };
}

const valuesOf = (lines) => lines.flat().map((point) => point[1]).filter((value) => value !== undefined);

// lines: [label, points, colour]
function curves(name, { axis = linear, lines, ...words }) {
  const { down, ticks } = axis(valuesOf(lines.map((one) => one[1])));
  draw(name, { ...words, down, ticks, body: () => lines.flatMap(([, values, stroke]) => curve(values, down, stroke)), entries: lines.map(([label, , fill]) => [label, fill]) });
}

const users = `${grouped(run.users)} users`;
const mib = (kib) => kib / 1024;
const first = series[0]?.memory_kib;

curves('connections', {
  title: 'Open connections',
  subtitle: `${users}; ${note('the mean')}`,
  unit: 'connections',
  lines: [['open', points((second) => second.open), colours.postgresql]],
});

curves('rate', {
  title: 'Answers a second',
  subtitle: `${users}; ${note('the mean')}`,
  unit: 'answers a second',
  lines: [['answers', points((second) => second.rate), colours.p50]],
});

// Less than 0.01 ms is not measured, and has no logarithm at 0.
const latency = (of) => points(({ latency_us: us }) => (us.count > 0 ? Math.max(us[of] / 1000, 0.01) : undefined), greatest);
curves('latency', {
  axis: logarithmic,
  title: 'Latency, from the time when a request was due to the end of its answer',
  subtitle: `${users}; ${note('the greatest')}; no line where nobody asks`,
  unit: 'milliseconds, logarithmic',
  lines: ['max', 'p99', 'p50'].map((of) => [of, latency(of), colours[of]]),
});

curves('memory', {
  title: 'Memory of the whole machine, the service and the load',
  subtitle: `${users}; ${note('the mean')}; used and slab: what came since the start`,
  unit: 'MiB',
  lines: [
    ['used', points((second) => mib(first.available - second.memory_kib.available)), colours.postgresql],
    ["slab (kernel's)", points((second) => mib(slabOf(second) - slabOf(series[0]))), colours.worker],
    ['TCP buffers', points((second) => mib(second.memory_kib.tcp_buffers)), colours.p50],
  ],
});

// Processors that a role kept busy since the line before.
const busy = (role) => (second, before) => {
  if (before === undefined || second.seconds <= before.seconds) return undefined;
  return Math.max(0, second.spent_us[role] - before.spent_us[role]) / (second.seconds - before.seconds) / 1e6;
};

// Each role's band lies on those before it.
function bands() {
  const shown = [...roles, 'generator'].map((role) => [role, points(busy(role))]);
  const machine = points(busy('machine'));
  const known = machine.map((_, n) => shown.reduce((total, [, values]) => total + (values[n][1] ?? 0), 0));
  shown.push(['other', machine.map(([at, value], n) => [at, Math.max(0, (value ?? 0) - known[n])])]);
  const floor = machine.map(() => 0);
  return shown.map(([role, values]) => {
    const drawn = values.flatMap(([at, value], n) => {
      if (machine[n][1] === undefined) return [];
      const low = floor[n];
      floor[n] += value ?? 0;
      return [{ at, low, high: floor[n] }];
    });
    return { role, drawn };
  });
}

{
  const labels = { nginx: 'nginx', worker: 'todo-worker', postgresql: 'PostgreSQL', generator: 'generator', other: 'other' };
  const { cpus } = run.settings;
  const stacked = bands();
  const area = ({ role, drawn }, down) => {
    const edges = [...drawn.map(({ at, high }) => [across(at), down(high)]), ...drawn.reverse().map(({ at, low }) => [across(at), down(low)])];
    return `<polygon points="${path(edges)}" fill="${colours[role]}"/>`;
  };
  const { down, ticks } = linear(stacked.flatMap(({ drawn }) => drawn.map(({ high }) => high)), cpus);
  draw('cpu', {
    title: 'Processor time',
    subtitle: `${users}; ${note('the mean')}; the machine has ${cpus} processors (dashed); other: the rest of the machine, with the kernel's own work`,
    unit: 'processors',
    down,
    ticks,
    body: () => [
      ...stacked.map((one) => area(one, down)),
      `<line x1="${left}" y1="${down(cpus).toFixed(1)}" x2="${width - right}" y2="${down(cpus).toFixed(1)}" stroke="${ink}" stroke-dasharray="4 4"/>`,
    ],
    entries: stacked.map(({ role }) => [labels[role], colours[role]]).reverse(),
  });
}
