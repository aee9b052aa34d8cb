// Makes a page of a run: node report.mjs FOLDER COMMAND. What the columns mean is in bench/README.md.
import { readFileSync } from 'node:fs';
import { table } from '../markdown.mjs';
import { batching, median, memoryOf, ours, read, together } from './results.mjs';

const [folder, command] = process.argv.slice(2);
const run = read(folder);
const number = (value) => (value === undefined ? '' : value.toLocaleString('en-US', { maximumFractionDigits: value < 100 ? 2 : 0 }));

// The fastest of the peers that a team could have instead, each request by itself.
function bestOther(load, clients) {
  const others = run.peers.filter((name) => !batching.includes(name) && !ours.includes(name));
  return others.map((name) => run.find(name, load, clients)).sort((a, b) => b.rate - a.rate)[0];
}

// The ratio of two cases in each round, in which they follow each other: the median, and the least and the most.
function ratio(above, below, of) {
  const inRound = (one, n) => of(one.rounds.find(({ round }) => round === n));
  const ratios = above.rounds.map(({ round }) => inRound(above, round) / inRound(below, round));
  return { median: median(ratios), least: Math.min(...ratios), most: Math.max(...ratios) };
}

// `above` and `below`: a peer and clients -> a case. `of`: what is divided, of a round.
function bars() {
  const rows = [];
  const add = (what, bar, above, below, { of = (one) => one.rate, named = false } = {}) => {
    const cells = run.clients.map((clients) => {
      const [a, b] = [above(clients), below(clients)];
      if (!a || !b) return undefined;
      const { median: middle, least, most } = ratio(a, b, of);
      const missed = bar !== undefined && middle < bar;
      const range = `${least.toFixed(2)} - ${most.toFixed(2)}`;
      return `${missed ? `${middle.toFixed(2)} (missed)` : `**${middle.toFixed(2)}**`}, ${range}${named ? `, ${b.peer}` : ''}`;
    });
    if (!cells.includes(undefined)) rows.push([what, bar === undefined ? '' : `at least ${bar}`, ...cells]);
  };
  for (const load of run.loads) {
    const peer = (name) => (clients) => run.find(name, load, clients);
    add(`${load}: requests/s of ours / the best peer without batches`, { insert: 3, list: 1.5 }[load], peer('ours'), (clients) => bestOther(load, clients), { named: true });
    add(`${load}: processor time of nginx, PHP-FPM and PostgreSQL / with ours`, load === 'mix' ? undefined : 3, peer('php'), peer('ours'), { of: together });
    add(`${load}: requests/s of ours / Go with batches`, 1, peer('ours'), peer('go-batch'));
    add(`${load}: requests/s of ours / ours with the combiner off`, undefined, peer('ours'), peer('ours-one'));
    add(`${load}: requests/s of ours / statements/s of pgbench`, undefined, peer('ours'), () => run.find('pgbench', load));
  }
  return rows.length === 0 ? '' : table(['ratio in a round: median, least - most', 'bar', ...run.clients.map((count) => `${count} connections`)], rows);
}

function memory() {
  const rows = memoryOf(run).map(({ peer, mib }) => [run.labels[peer], number(mib)]);
  return table([`memory of the application at ${run.clients.at(-1)} connections`, 'MiB'], rows);
}

function figures(load) {
  const rows = [];
  for (const clients of run.clients) {
    const cases = run.peers.map((peer) => run.find(peer, load, clients)).sort((a, b) => a.rate - b.rate);
    for (const one of cases) {
      rows.push([clients, run.labels[one.peer], `**${number(one.rate)}**`, `${number(one.least)} - ${number(one.most)}`, number(one.p50), number(one.p99), number(one.p999),
        number(one.cpu.front), number(one.cpu.application), number(one.cpu.database), number(one.together), number(one.cpu.wrk), number(one.memory), one.errors]);
    }
  }
  const mark = run.find('pgbench', load);
  if (mark) rows.push([mark.clients, run.labels.pgbench, `**${number(mark.rate)}**`, `${number(mark.least)} - ${number(mark.most)}`, ...Array(9).fill(''), mark.errors]);
  return table(['connections', 'peer', 'requests/s', 'least - most', 'p50, ms', 'p99, ms', 'p99.9, ms', 'front, us', 'application, us', 'database, us', 'together, us', 'client, us', 'memory, MiB', 'errors'], rows);
}

function settings() {
  const rows = Object.entries(run.settings).map(([peer, { workers, connections }]) => [run.labels[peer], workers, connections]);
  return table(['peer', 'workers', 'connections of each'], rows);
}

function search() {
  if (run.search.length === 0) return 'No search: these are what the command names, or 20 connections for everybody.';
  const rows = run.search.map(({ peer, workers, connections, list, insert, score }) => [peer, workers, connections, number(list), number(insert), number(score)]);
  return table(['peer', 'workers', 'connections of each', 'lists/s', 'inserts/s', 'score'], rows);
}

const date = new Date().toISOString().slice(0, 10);
const charts = [...run.loads, 'cpu', 'memory'].map((name) => `![${name}](${name}.png)`).join('\n');
console.log(`# What people would pick instead, ${date}

    ${command}

Medians of ${run.rounds} ${run.rounds === 1 ? 'round' : 'rounds'}. What is compared, and what the columns mean, is in [bench/README.md](../../README.md); what follows
from it in [docs/benchmarks.md](../../../docs/benchmarks.md). The raw numbers: [rounds.jsonl](rounds.jsonl),
[search.jsonl](search.jsonl), [settings.json](settings.json); each peer passed the conformance test: [checks.txt](checks.txt).

${bars()}

${memory()}

${charts}
${run.loads.map((load) => `\n## ${load}\n\n${figures(load)}`).join('\n')}

## Workers and connections

${settings()}

The search for them: the geometric mean of lists and inserts a second, at 100 connections.

${search()}
${readFileSync(`${folder}/environment.md`, 'utf8').trimEnd()}`);
