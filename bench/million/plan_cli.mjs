// bench/plan: reads the options and a run, and prints what plan.mjs makes of them.
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { costsOf, plan } from './plan.mjs';
import { number, read, verdict } from './results.mjs';

const runs = join(dirname(fileURLToPath(import.meta.url)), '../runs');
const usage = `usage: bench/plan --users N --rate R [OPTIONS]

  --users N      connections that are open at the same time, each with a user of its own
  --rate R       requests a second of all of them together
  --cores N      processors of a host (8)
  --memory GIB   memory of a host (32)
  --busy PERCENT processor time that a host may take; the rest is for peaks, and for a real network's cards (50)
  --spare N      hosts of each kind that may fail (1)
  --run FOLDER   the run whose costs count (of those in bench/runs that held a million users, the last by name)
`;

function stop(text) {
  console.error(`bench/plan: ${text}`);
  process.exit(1);
}

function options() {
  const names = ['users', 'rate', 'cores', 'memory', 'busy', 'spare', 'run'];
  let values;
  try {
    ({ values } = parseArgs({ options: { ...Object.fromEntries(names.map((name) => [name, { type: 'string' }])), help: { type: 'boolean' } } }));
  } catch (error) {
    stop(`${error.message.split('\n')[0]}; bench/plan --help shows what there is`);
  }
  if (values.help) {
    process.stdout.write(usage);
    process.exit();
  }
  const amount = (name, least, most, otherwise) => {
    const text = values[name]?.replaceAll(',', '') ?? otherwise;
    if (text === undefined) stop(`--${name} is missing; bench/plan --help shows what there is`);
    const value = /^[0-9]+(\.[0-9]+)?$/.test(text) ? Number(text) : NaN;
    if (!(value >= least && value <= most)) stop(`--${name} is a number from ${number(least)} to ${number(most)}, not '${text}'`);
    return value;
  };
  return {
    need: { users: Math.round(amount('users', 1, 1e10)), rate: amount('rate', 0, 1e9) },
    host: {
      cores: Math.round(amount('cores', 1, 1024, '8')), memory: amount('memory', 2, 65_536, '32') * 2 ** 30,
      busy: amount('busy', 1, 100, '50') / 100, spare: Math.round(amount('spare', 0, 1000, '1')),
    },
    folder: values.run ?? lastRun(),
  };
}

function lastRun() {
  const usable = (folder) => {
    if (!existsSync(join(folder, 'run.json')) || !existsSync(join(folder, 'result.json'))) return false;
    const run = read(folder);
    return run.users >= 1e6 && run.settings.stack !== undefined && verdict(run).held;
  };
  const found = readdirSync(runs).sort().map((name) => join(runs, name)).filter(usable).at(-1);
  return found ?? stop('bench/runs has no run that held a million users: make one with ./todo bench million, or name one with --run');
}

const { need, host, folder } = options();
let run;
let costs;
try {
  run = read(folder);
  costs = costsOf(run, run.settings);
} catch (error) {
  stop(`${folder} is no run of ./todo bench million: ${error.message}`);
}
const env = (name) => Number(process.env[name]);
const stack = {
  nginx_processes: env('NGINX_WORKERS'), ports: env('NGINX_PORTS'), pool_connections: env('POOL_CONNECTIONS'), spare_connections: env('SPARE_CONNECTIONS'),
};
const { work, alone, edges, apps, databases, settings } = plan(need, host, stack, costs);

const gib = (bytes) => (bytes < 2 ** 30 ? `${number(bytes / 2 ** 20)} MiB` : `${number(bytes / 2 ** 30, 1)} GiB`);
const percent = (share) => `${number(share * 100)} %`;
function table(rows) {
  const widths = rows[0].map((_, n) => Math.max(...rows.map((row) => String(row[n]).length)));
  return rows.map((row) => `  ${row.map((cell, n) => String(cell).padEnd(widths[n])).join('  ')}`.trimEnd()).join('\n');
}
const each = need.rate > 0 ? `, each asking once in ${number(need.users / need.rate, need.users / need.rate < 10 ? 1 : 0)} s` : '';
const total = work.edge + work.app + work.database;

console.log(`${number(need.users)} users connected at the same time, ${number(need.rate)} requests a second${each}
hosts of ${number(host.cores)} processors and ${gib(host.memory)}, busy up to ${percent(host.busy)}

What it costs, measured with ${number(costs.users)} users at ${number(costs.rate)} requests/s (${folder.replace(/^.*\/bench\/runs\//, 'bench/runs/')})
${table([
    ['', 'us a request', `x ${number(need.rate)}/s: processors`],
    ['nginx', number(costs.us.edge, 1), number(work.edge, 2)],
    ['todo-worker', number(costs.us.app, 1), number(work.app, 2)],
    ['PostgreSQL', number(costs.us.database, 1), number(work.database, 2)],
    ['together', number(costs.us.edge + costs.us.app + costs.us.database, 1), number(total, 2)],
  ])}
  ${number(costs.connection)} bytes a connection (kernel and nginx), ${number(costs.rows)} bytes of rows and indexes a user

Hosts
${table([
    ['', 'hosts', 'and to spare', 'busy', 'memory of each', 'what'],
    ['edge', number(edges.hosts), host.spare, percent(edges.busy), gib(edges.bytes), `${number(edges.clients)} connections each, ${number(stack.nginx_processes)} processes of nginx`],
    ['application', number(apps.hosts), host.spare, percent(apps.busy), gib(apps.bytes), `${number(apps.processes)} workers each, ${number(stack.pool_connections)} PostgreSQL connections a worker`],
    ['database', number(databases.hosts), host.spare, percent(databases.busy), gib(databases.bytes), `${number(databases.backends)} connections, ${gib(databases.rows)} of rows and indexes`],
  ])}
${alone ? '\n  One such host carries all of it as well, without one to spare.\n' : ''}${databases.hosts > 1 ? `
  One PostgreSQL does not carry it on such a host: owners have to be spread over ${number(databases.hosts)}, which the service does not do
  by itself, or one host with ${number(Math.ceil(work.database / host.busy))} processors and ${gib(databases.together / 0.8)} has to.
` : ''}
Settings that differ from a system as it comes
${table(settings.map(([where, name, value, why]) => [where, name, typeof value === 'number' ? String(value) : value, why]))}

What is not in it: TLS, a real network's cards and interrupts, replicas, and what grows with time. docs/capacity.md says more.`);
