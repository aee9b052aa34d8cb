// What a run has measured: bench-load's result, what follows from it, and whether it held.
import { readFileSync } from 'node:fs';

export const roles = ['nginx', 'worker', 'postgresql'];
const million = 1_000_000;

// A phase of rate 0 has no answers and no latencies: what would be divided by nothing is undefined, and shown as a dash.
const per = (value, count) => (value === undefined || !(count > 0) ? undefined : value / count);
const sum = (values) => (values.includes(undefined) ? undefined : values.reduce((a, b) => a + b, 0));

export function number(value, digits = 0) {
  if (!Number.isFinite(value)) return '-';
  const rounded = Number(value.toFixed(digits)) + 0; // + 0: there is no -0
  return rounded.toLocaleString('en-US', { minimumFractionDigits: digits, maximumFractionDigits: digits });
}
export const milliseconds = (value) => number(value, value < 10 ? 2 : 1);
// The status codes of a phase, as "200: 90, 503: 10".
export const statuses = (status) => Object.entries(status).map(([code, count]) => `${code}: ${number(count)}`).join(', ') || '-';

// The slope of the line with the least squares through points [x, y].
export function slope(points) {
  const mean = (values) => sum(values) / values.length;
  const [x, y] = [mean(points.map((point) => point[0])), mean(points.map((point) => point[1]))];
  return per(sum(points.map((point) => (point[0] - x) * (point[1] - y))), sum(points.map((point) => (point[0] - x) ** 2)));
}

function latencyOf({ latency_us: us }) {
  const names = ['p50', 'p90', 'p99', 'p99_9', 'p99_99', 'max'];
  return Object.fromEntries(names.map((name) => [name, us.count > 0 ? us[name] / 1000 : undefined]));
}

// What was answered while the phase lasted is another number than what was asked in it. Early runs did not count it.
function phaseOf(phase, { cpus, overload = [] }) {
  const { spent_us: spent, meanwhile = phase } = phase;
  const each = Object.fromEntries([...roles, 'generator'].map((role) => [role, per(spent[role], meanwhile.answered)]));
  return {
    ...phase,
    overload: overload.includes(phase.name),
    answers: per(meanwhile.answered, phase.measured_seconds), // a second
    goodput: per(meanwhile.ok, phase.measured_seconds),
    latency: latencyOf(phase), // ms
    lag: phase.send_lag_us.count > 0 ? phase.send_lag_us.p99 / 1000 : undefined,
    cpu: { ...each, server: sum(roles.map((role) => each[role])) }, // us of each answer
    busy: per(spent.machine, phase.measured_seconds * 1e6 * cpus),
    others: per(spent.machine - sum([...roles, 'generator'].map((role) => spent[role])), phase.measured_seconds * 1e6 * cpus),
  };
}

// KiB of the kernel's objects. What it keeps for whoever listed the descriptors in /proc is nobody's.
export const slabOf = ({ memory_kib: kib }) => kib.slab - kib.proc_slab;

// KiB of the server, by its parts. Both ends of each connection live on this machine and have the same objects in the
// kernel, so half of what the kernel has taken since the first step is the server's, and half of what is in buffers.
function memoryOf(steps) {
  const objects = (step) => slabOf(step) + step.memory_kib.page_tables;
  const kernel = (step) => (objects(step) - objects(steps[0]) + step.memory_kib.tcp_buffers) / 2;
  const of = { kernel, ...Object.fromEntries(roles.map((role) => [role, (step) => step.roles_kib[role]])) };
  of.total = (step) => sum([kernel(step), ...roles.map((role) => step.roles_kib[role])]);
  const last = steps.at(-1);
  const part = ([name, kib]) => ({ name, begin: kib(steps[0]), end: kib(last), slope: slope(steps.map((step) => [step.users, kib(step)])) });
  return { parts: Object.entries(of).map(part), begin: steps[0].users, users: last.users, each: per(of.total(last), last.users) };
}

// `result`: bench-load's. `settings`: run.json.
export function measured(result, settings) {
  for (const name of settings.overload ?? []) {
    if (!result.phases.some((phase) => phase.name === name)) throw new Error(`run.json: there is no phase ${name} that could be an overload`);
  }
  const memory = memoryOf(result.memory);
  return {
    settings,
    users: result.users,
    processes: result.processes,
    stopped: result.stopped,
    killed: result.killed,
    connections: result.connections,
    ramp: { ...result.ramp, name: 'ramp', rate: result.ramp_rate, latency: latencyOf(result.ramp), lag: result.ramp.send_lag_us.p99 / 1000 },
    phases: result.phases.map((phase) => phaseOf(phase, settings)),
    memory,
    slope: memory.parts.at(-1).slope, // KiB of the whole server for one more connection
  };
}

export function read(folder) {
  const json = (name) => JSON.parse(readFileSync(`${folder}/${name}`, 'utf8'));
  return measured(json('result.json'), json('run.json'));
}

export const seriesOf = (folder) =>
  readFileSync(`${folder}/series.jsonl`, 'utf8').split('\n').filter(Boolean).map((line) => JSON.parse(line));

// Whether all that was asked for was done. Each function below gives the reasons why not.

// The plan: a phase that was not reached has lost nothing, and has not been held either.
function planReasons({ stopped, killed, phases, connections: { dropped } }) {
  const reasons = [];
  if (stopped) reasons.push('the load was stopped before its end');
  if (killed > 0) reasons.push(`${number(killed)} processes of the load did not end, and had to be killed`);
  for (const { name, seconds, measured_seconds: lasted } of phases) {
    if (lasted < seconds - 2) reasons.push(`${name}: lasted ${number(lasted, 1)} of ${number(seconds)} s`);
  }
  const planned = sum(phases.map((phase) => phase.dropped));
  if (dropped !== planned) reasons.push(`${number(dropped)} connections were dropped instead of ${number(planned)}`);
  return reasons;
}

function connectionReasons({ users, connections: counts }) {
  const reasons = [];
  const missing = (open, when) => open !== users && reasons.push(`${number(open)} of ${number(users)} users were connected ${when}`);
  missing(counts.open_at_begin, 'when the phases began');
  missing(counts.open_at_end, 'at the end');
  const lost = {
    refused: 'connections were refused',
    reset: 'connections were reset',
    closed: 'connections were closed by the server',
    timed_out: 'connections timed out before they were open',
    tls_failed: 'connections failed in the handshake of TLS',
    unroutable: 'connections had no source, port, memory or descriptor (unroutable)',
  };
  for (const [counter, words] of Object.entries(lost)) if (counts[counter] > 0) reasons.push(`${number(counts[counter])} ${words}`);
  if (counts.returned !== counts.dropped) reasons.push(`${number(counts.returned)} of ${number(counts.dropped)} dropped connections came back`);
  return reasons;
}

// Sent when it was due. Whoever was dropped by the phase has no turn before the first answer after the return.
function sendingReasons({ intended, sent, unsent }) {
  const reasons = [];
  if (unsent > 0) reasons.push(`${number(unsent)} of ${number(intended)} requests were unsent`);
  if (sent + unsent < intended) reasons.push(`${number(intended - sent - unsent)} of ${number(intended)} requests were neither sent nor unsent`);
  if (sent > intended) reasons.push(`${number(sent - intended)} more requests were sent than intended`);
  return reasons;
}

// A request that was sent has its whole answer, and that is the user's own.
function answerReasons({ sent, answered, ok, timed_out: late, cut_off: cut, malformed, checked, foreign }) {
  const reasons = [];
  if (late > 0) reasons.push(`${number(late)} requests timed out`);
  if (cut > 0) reasons.push(`${number(cut)} answers were cut off`);
  if (malformed > 0) reasons.push(`${number(malformed)} answers were malformed`);
  if (answered + late + cut + malformed < sent) reasons.push(`${number(sent - answered - late - cut - malformed)} requests were not answered`);
  if (answered > sent) reasons.push(`${number(answered - sent)} more answers than requests were counted`);
  if (foreign > 0) reasons.push(`${number(foreign)} of ${number(checked)} checked answers were foreign: somebody else's todos, or not the user's own`);
  if (checked < ok / 100) reasons.push(`only ${number(checked)} of ${number(ok)} answers were checked`);
  return reasons;
}

// An overload may be refused in good form, by 503 or 429, and nothing else.
function statusReasons({ overload, answered, ok, status }) {
  const good = (code) => (code >= 200 && code < 300) || (overload && (code === 429 || code === 503));
  const bad = Object.entries(status).filter(([code]) => !good(Number(code)));
  if (bad.length > 0) return [`answers that may not be: ${statuses(Object.fromEntries(bad))}`];
  return overload || ok === answered ? [] : [`${number(ok)} of ${number(answered)} answers were 2xx`];
}

function phaseReasons(phase) {
  const reasons = [...(phase.overload ? [] : sendingReasons(phase)), ...answerReasons(phase), ...statusReasons(phase)];
  return reasons.map((reason) => `${phase.name}: ${reason}`);
}

export function verdict(run) {
  const reasons = [...planReasons(run), ...connectionReasons(run), ...[run.ramp, ...run.phases].flatMap(phaseReasons)];
  return { held: reasons.length === 0, reasons };
}

// One line: the verdict, and the figures that it is about.
export function headline(run) {
  const { held, reasons } = verdict(run);
  const asked = run.phases.filter(({ rate }) => rate > 0);
  const figures = asked.map((phase) => {
    const what = phase.overload ? `overload, ${number(phase.goodput)}/s good, p99` : 'p99';
    return `${number(phase.rate)}/s for ${number(phase.seconds)} s: ${what} ${milliseconds(phase.latency.p99)} ms`;
  });
  const key = [`${number(run.users)} users`, ...figures].join(', ');
  return held ? `held: ${key}` : `not held: ${reasons.join('; ')} (${key})`;
}

// The bars of the project, which are for a million users; a smaller run, or a shorter phase, has the figure without one.

const bounds = { p99: { 5000: 100, 7000: 250 }, max: { 5000: 1000 }, server: { 5000: 130 } };

// `most`: the bar; `below`: it must stay below that. Without either there is none.
function bar(what, value, unit, digits, { most, below } = {}) {
  const shown = Number.isFinite(value) ? `${number(value, digits)} ${unit}` : '-';
  if (most === undefined && below === undefined) return { what, value, shown };
  const text = below === undefined ? `at most ${number(most)} ${unit}` : `less than ${number(below)} ${unit}`;
  return { what, value, shown, bar: text, reached: value !== undefined && (below === undefined ? value <= most : value < below) };
}

function phaseBars(run, phase) {
  const bound = (of) => (run.users >= million && phase.seconds >= 600 ? bounds[of][phase.rate] : undefined);
  const at = `${number(phase.rate)}/s for ${number(phase.seconds)} s`;
  return [
    bar(`${at}: p99`, phase.latency.p99, 'ms', 1, { most: bound('p99') }),
    bar(`${at}: the longest`, phase.latency.max, 'ms', 1, { below: bound('max') }),
    bar(`${at}: the server's processor time a request`, phase.cpu.server, 'us', 1, { most: bound('server') }),
  ];
}

function memoryBar(run) {
  const one = bar('memory of the server for one more connection', run.slope, 'KB', 2);
  return run.users < million ? one : { ...one, bar: 'at most 5.2 KB', reached: run.slope <= 5.2 };
}

// Whoever never came back has no time at which it did: the bar is missed then.
function returnBar(run) {
  const { dropped, returned, last_return_seconds: last } = run.connections;
  const most = run.users >= million && Math.max(...run.phases.map((phase) => phase.dropped)) >= 200_000 ? 60 : undefined;
  const one = bar(`${number(dropped)} connections dropped, ${number(returned)} came back: the last after`, last, 's', 1, { most });
  return most === undefined ? one : { ...one, reached: one.reached && returned === dropped };
}

// Seconds from the begin of phase number n, 1 the first, to the end of the first second in which its answers came in bearable
// time. A line of the series has the latencies of its phase's requests alone.
function recovery({ settings, ramp, phases }, n, series) {
  const begin = ramp.seconds + sum(phases.slice(0, n - 1).map(({ seconds }) => seconds));
  const bearable = ({ phase, latency_us: us }) => phase === n && us.count > 0 && us.p99 / 1000 <= settings.bearable_p99_ms;
  const normal = series.find(bearable);
  return normal && normal.seconds - begin;
}

// What an overload left to do well, and when the phase after it is as ever.
function overloadBars(run, index, series) {
  const [phase, next] = run.phases.slice(index);
  const good = bar(`${phase.name}, an overload: good answers`, phase.goodput, 'a second', 0);
  if (next === undefined || next.overload || next.rate === 0 || series.length === 0) return [good];
  const most = run.users >= million && phase.seconds >= 60 ? 5 : undefined;
  return [good, bar(`after it a second with a p99 of at most ${number(run.settings.bearable_p99_ms)} ms is over in`, recovery(run, index + 2, series), 's', 1, { most })];
}

// `series`: of the run, where there is one; its phase 0 is the ramp.
export function bars(run, series = []) {
  const ofPhase = (phase, index) => (phase.overload ? overloadBars(run, index, series) : phase.rate > 0 ? phaseBars(run, phase) : []);
  return [...run.phases.flatMap(ofPhase), memoryBar(run), ...(run.connections.dropped > 0 ? [returnBar(run)] : [])];
}

// The phase with the most good answers a second among those that were answered in bearable time, and all of them well.
export function bearable(run) {
  const most = run.settings.bearable_p99_ms;
  const good = run.phases.filter((phase) => phase.latency.p99 <= most && phase.ok === phase.intended);
  return good.sort((a, b) => b.goodput - a.goodput)[0];
}
