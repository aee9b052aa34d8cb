// What a run has measured: the rounds' lines of JSON, and their medians.
import { readFileSync } from 'node:fs';

const lines = (file) => readFileSync(file, 'utf8').split('\n').filter(Boolean).map((line) => JSON.parse(line));

export const batching = ['go-batch', 'ours'];
export const ours = ['ours', 'ours-one'];

export function median(values) {
  const sorted = values.filter((value) => value !== undefined).sort((a, b) => a - b);
  if (sorted.length === 0) return undefined;
  const half = Math.floor(sorted.length / 2);
  return sorted.length % 2 === 1 ? sorted[half] : (sorted[half - 1] + sorted[half]) / 2;
}

// Microseconds of processor time that all who serve spend on a request.
export const together = ({ cpu_us: us }) => us && us.front + us.application + us.database;

// One case is a peer, a load and a number of connections.
function summary(rounds) {
  const of = (get) => median(rounds.map(get));
  const rates = rounds.map((round) => round.rate);
  const cpu = Object.fromEntries(['front', 'application', 'database', 'wrk'].map((role) => [role, of((round) => round.cpu_us?.[role])]));
  return {
    rounds,
    peer: rounds[0].peer,
    load: rounds[0].load,
    clients: rounds[0].clients,
    rate: median(rates),
    least: Math.min(...rates),
    most: Math.max(...rates),
    p50: of((round) => round.p50_ms),
    p99: of((round) => round.p99_ms),
    p999: of((round) => round.p999_ms),
    memory: of((round) => round.memory_mib),
    errors: rounds.reduce((sum, round) => sum + round.errors, 0),
    cpu,
    together: of(together),
  };
}

// MiB, of the loads the most, at the most connections: the least comes first.
export function memoryOf(run) {
  const most = (peer) => Math.max(...run.loads.map((load) => run.find(peer, load, run.clients.at(-1)).memory));
  return run.peers.map((peer) => ({ peer, mib: most(peer) })).sort((a, b) => a.mib - b.mib);
}

export function read(folder) {
  const rounds = lines(`${folder}/rounds.jsonl`);
  const groups = new Map();
  for (const round of rounds) {
    const name = `${round.load} ${round.clients} ${round.peer}`;
    if (!groups.has(name)) groups.set(name, []);
    groups.get(name).push(round);
  }
  const all = Math.max(...rounds.map((round) => round.round));
  for (const [name, group] of groups) if (group.length !== all) throw new Error(`${name}: ${group.length} of ${all} rounds are there`);
  const cases = [...groups.values()].map(summary);
  const distinct = (get) => [...new Set(rounds.filter((round) => round.peer !== 'pgbench').map(get))];
  return {
    cases,
    rounds: all,
    loads: distinct((round) => round.load),
    clients: distinct((round) => round.clients).sort((a, b) => a - b),
    peers: distinct((round) => round.peer),
    labels: JSON.parse(readFileSync(`${folder}/labels.json`, 'utf8')),
    settings: JSON.parse(readFileSync(`${folder}/settings.json`, 'utf8')),
    search: lines(`${folder}/search.jsonl`),
    find: (peer, load, clients) => cases.find((one) => one.peer === peer && one.load === load && (clients === undefined || one.clients === clients)),
  };
}
