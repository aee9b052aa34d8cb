// Makes a page of a run: node report.mjs FOLDER. The folder has result.json, run.json, and two texts with headings of their
// own to put at the end: conditions.md, the settings of the run, and environment.md.
import { readFileSync } from 'node:fs';
import { table } from '../markdown.mjs';
import { bars, bearable, headline, milliseconds, number, read, seriesOf, statuses } from './results.mjs';

const folder = process.argv[2];
const run = read(folder);
const file = (name) => readFileSync(`${folder}/${name}`, 'utf8').trim();
const alt = { rate: 'answers a second', latency: 'latency', cpu: 'processor time', memory: 'memory', connections: 'connections' };
const charts = (...names) => (run.settings.charts === false ? [] : names.map((name) => `![${alt[name]}](${name}.png)`)).join('\n');
const percent = (part) => (part === undefined ? '-' : `${number(part * 100)} %`);
const named = (phase) => (phase.overload ? `${phase.name} (overload)` : phase.name);

// The ramp pauses after each step, so that its answers a second would say nothing.
function phases() {
  const row = (phase) => [
    named(phase), number(phase.rate), number(phase.seconds), number(phase.sent), number(phase.answers), number(phase.goodput),
    ...Object.values(phase.latency).map(milliseconds),
    number(phase.late), number(phase.unsent), number(phase.timed_out), statuses(phase.status), milliseconds(phase.lag),
  ];
  const head = ['phase', 'rate, 1/s', 'seconds', 'sent', 'answers/s', 'good/s', 'p50, ms', 'p90, ms', 'p99, ms', 'p99.9, ms', 'p99.99, ms', 'max, ms',
    'late', 'unsent', 'timed out', 'answers by status', 'send lag p99, ms'];
  return table(head, [run.ramp, ...run.phases].map(row));
}

function processors() {
  const row = ({ cpu, ...phase }) =>
    [named(phase), ...[cpu.nginx, cpu.worker, cpu.postgresql, cpu.server, cpu.generator].map((us) => number(us, 1)), percent(phase.busy), percent(phase.others)];
  return table(['phase', 'nginx, us', 'worker, us', 'PostgreSQL, us', 'server, us', 'generator, us', 'machine busy', 'by others'], run.phases.map(row));
}

function memory() {
  const labels = { kernel: "kernel, the server's half", nginx: 'nginx', worker: 'todo-worker', postgresql: 'PostgreSQL', total: '**together**' };
  const mib = (kib) => number(kib / 1024, 1);
  const rows = run.memory.parts.map(({ name, begin, end, slope }) => [labels[name], mib(begin), mib(end), number(slope, 2)]);
  const at = (users) => `MiB at ${number(users)} connections`;
  return table(['memory of the server', at(run.memory.begin), at(run.memory.users), 'KB for one more connection'], rows);
}

function connections() {
  const { connections: of, users } = run;
  const rows = [
    ['users', users],
    ['open when the phases began', of.open_at_begin],
    ['open at the end', of.open_at_end],
    ['connected, ever', of.connected],
    ['refused', of.refused],
    ['reset', of.reset],
    ['closed by the server', of.closed],
    ['timed out', of.timed_out],
    ['failed in the handshake of TLS', of.tls_failed ?? 0],
    ['no source, port, memory or descriptor', of.unroutable],
    ['dropped by the load', of.dropped],
    ['of those, came back', of.returned],
  ].map(([what, count]) => [what, number(count)]);
  if (of.dropped > 0) rows.push(['the last of those came back after', `${number(of.last_return_seconds, 1)} s`]);
  return table(['connections', 'number'], rows);
}

function barsTable() {
  const said = ({ bar, reached }) => (bar === undefined ? ['', ''] : [bar, reached ? 'reached' : '**missed**']);
  return table(['figure', 'measured', 'bar', ''], bars(run, seriesOf(folder)).map((one) => [one.what, one.shown, ...said(one)]));
}

function bearableLine() {
  const most = run.settings.bearable_p99_ms;
  if (most === undefined) return '';
  const phase = bearable(run);
  const limit = `with a p99 of at most ${number(most)} ms and a good answer to each request`;
  return phase ? `\nThe highest rate ${limit}: ${number(phase.goodput)} good answers a second (${phase.name}).\n` : `\nThere is no phase ${limit}.\n`;
}

function checks() {
  const sum = (counter) => [run.ramp, ...run.phases].reduce((total, phase) => total + phase[counter], 0);
  return `${number(sum('checked'))} of ${number(sum('ok'))} good answers were checked, and ${number(sum('foreign'))} of them were foreign`;
}

const date = new Date().toISOString().slice(0, 10);
const { cpus, memory_mib: mib } = run.settings;
console.log(`# ${number(run.users)} users at once, ${date}

    ${run.settings.command}

**${headline(run)}.**

The service and the load share one machine, with ${number(cpus)} processors and ${number(mib)} MiB of memory. The raw numbers:
[result.json](result.json), and one line a second in [series.jsonl](series.jsonl).

${barsTable()}
${bearableLine()}
## Phases

${phases()}

${charts('rate', 'latency')}

## Processor time of an answered request

${processors()}

${charts('cpu')}

## Memory

${memory()}

At ${number(run.memory.users)} connections the whole server has ${number(run.memory.each, 2)} KB for each of them.

${charts('memory')}

## Connections

${connections()}

${charts('connections')}

## How it is counted

* The load is an open loop: each user has a time for each request, whatever the answers do. Latency counts from that time to
  the end of the answer, so that a server that stands still is slow for everybody who would have asked meanwhile.
* late: sent more than 100 ms after its time, because the user's last answer was late, or the load was. unsent: when its time
  came, the user still waited for another answer, or was not connected. Somebody who was dropped and is not back has no turn.
  Send lag is from a request's time until it was sent.
* answers/s: whole answers; good/s: those with a status of 2xx. In an overload 503 and 429 are answers too, and others are not.
  What each user asks first follows its connect at once: that is the ramp, and its latency has the connect in it.
* What comes after an overload counts from its end: its own requests that are answered later are in its latency.
* Checked means that the body was looked at: every todo in it carries its owner's marker, and a list has those that nobody
  deletes. What does not is foreign. ${checks()}.
* Processor time is that of a role's processes, of user and kernel, divided by the answers that were given while the
  phase lasted, whenever they were asked for; the rates of answers are of those as well. Server is nginx, todo-worker and
  PostgreSQL. Over the loopback a part of what the kernel does for one end counts for the other. By others: what the
  machine's processors did beside the server and the load, the kernel's own threads and interrupts among it.
* Memory for one more connection is the slope of the line with the least squares through the steps of the ramp; 1 KB is
  1,024 bytes. The kernel's part is (slab + page tables, since the first step) / 2 + TCP buffers / 2, where the slab is
  without the entries of /proc that the kernel keeps for whoever on the machine has listed descriptors: both ends of each
  connection live on this machine and have the same objects in the kernel, so half of them belongs to the server. nginx,
  todo-worker and PostgreSQL are the PSS of their processes; PostgreSQL's includes the pages of shared buffers that were
  touched.
* Held means: the plan was carried out to its end, all users were connected when the phases began and then, no connection
  was lost, and all requests were sent and answered by 2xx with the user's own todos, at least 1 % of them checked. In an
  overload 503 and 429 may be answered as well, and requests may be unsent. The bars are apart from that.

${file('conditions.md')}

${file('environment.md')}`);
