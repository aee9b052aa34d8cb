// A run that held, of ten thousand users, for tests to spoil.
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { measured } from '../../../bench/million/results.mjs';

export const latency = (count, us = 1000) => {
  const all = count > 0 ? us : 0;
  return { count, p50: all, p90: all * 2, p99: all * 10, p99_9: all * 15, p99_99: all * 18, max: all * 20 };
};

function counts(sent) {
  return {
    intended: sent, sent, late: 0, unsent: 0, answered: sent, ok: sent, timed_out: 0, cut_off: 0, malformed: 0, checked: sent, foreign: 0,
    status: sent > 0 ? { 200: sent } : {}, kinds: { list: sent, create: 0, patch: 0, delete: 0 }, latency_us: latency(sent), send_lag_us: latency(sent, 10),
  };
}

// Each answer takes 100 us of the server: nginx 40, worker 25, PostgreSQL 35; and 20 of the generator.
export function phase(rate, seconds, dropped = 0) {
  const sent = rate * seconds;
  return {
    name: `${rate}:${seconds}${dropped > 0 ? `:drop=${dropped}` : ''}`, rate, seconds, dropped, ...counts(sent), measured_seconds: seconds,
    spent_us: { nginx: 40 * sent, worker: 25 * sent, postgresql: 35 * sent, generator: 20 * sent, machine: seconds * 1e6 },
  };
}

// A connection takes 8 KiB of slab, 1 of page tables and 1 of buffers, half of them the server's, and a quarter of nginx.
export function step(users) {
  return {
    users,
    memory_kib: { available: 20_000_000 - 10 * users, slab: 260_000 + 10 * users, proc_slab: 10_000 + 2 * users, page_tables: 30_000 + users, shared: 120_000, tcp_buffers: users },
    roles_kib: { nginx: 400_000 + users / 4, worker: 40_000, postgresql: 240_000, generator: 9000 },
  };
}

export function result(users = 10_000, phases = [phase(1000, 60), phase(0, 30)]) {
  const dropped = phases.reduce((total, one) => total + one.dropped, 0);
  return {
    users, processes: 1, ramp_rate: 1000,
    connections: {
      connected: users + dropped, refused: 0, reset: 0, closed: 0, timed_out: 0, tls_failed: 0, unroutable: 0, dropped, returned: dropped,
      open_at_begin: users, open_at_end: users, last_return_seconds: dropped > 0 ? 30 : 0,
    },
    ramp: { ...counts(users), seconds: users / 1000 },
    phases,
    memory: [0, 1, 2, 4].map((quarters) => step((users / 4) * quarters)),
  };
}

export const settings = { cpus: 2, memory_mib: 24_105, command: './todo bench million', bearable_p99_ms: 100, host: 'test' };

// The run, after `spoil` had its way with bench-load's result.
export function run(spoil = () => {}, more = {}) {
  const spoilt = result();
  spoil(spoilt);
  return measured(spoilt, { ...settings, ...more });
}

// A run of a million, with these phases.
export const million = (phases, spoil = () => {}, more = {}) => {
  const spoilt = result(1_000_000, phases);
  spoil(spoilt);
  return measured(spoilt, { ...settings, ...more });
};

// The series: each second as its phase is planned. What comes so far grows with each second.
function series({ users, ramp, phases }) {
  const rates = [...Array(ramp.seconds).fill(1000), ...phases.flatMap(({ rate, seconds }) => Array(seconds).fill(rate))];
  const spent = { nginx: 0, worker: 0, postgresql: 0, generator: 0, machine: 0 };
  return rates.map((rate, seconds) => {
    for (const [role, us] of Object.entries({ nginx: 40, worker: 25, postgresql: 35, generator: 20, machine: 150 })) spent[role] += us * rate;
    const open = Math.min(users, seconds * 1000);
    return { seconds, phase: 0, open, errors: 0, rate, latency_us: latency(rate), memory_kib: step(open).memory_kib, spent_us: { ...spent } };
  });
}

// Writes all that the scripts read.
export function write(folder, of = result(), more = {}) {
  mkdirSync(folder, { recursive: true });
  const put = (name, text) => writeFileSync(join(folder, name), text);
  put('result.json', JSON.stringify(of));
  put('run.json', JSON.stringify({ ...settings, ...more }));
  put('series.jsonl', series(of).map((line) => `${JSON.stringify(line)}\n`).join(''));
  put('conditions.md', '\n## The conditions\n\nnginx has 200 processes.\n');
  put('environment.md', '\n## The machine\n\nA small one.\n');
}
