// What came of a run without one of the measures: whether it held, and if not, at how many users it began to fail.
import { number, verdict } from '../million/results.mjs';

export function outcome(run, series) {
  const { held, reasons } = verdict(run);
  const phase = run.phases.at(-1);
  const first = series.find(({ errors }) => errors > 0);
  const ramp = first !== undefined && first.phase === 0;
  const users = first ? number(first.open) : number(run.connections.open_at_begin);
  return {
    held, reasons, users: run.users, rate: phase.rate, goodput: phase.goodput, p99: phase.latency.p99,
    most: Math.max(run.connections.open_at_begin, run.connections.open_at_end, ...series.map(({ open }) => open)),
    where: ramp ? `from ${users} users on` : `with ${users} users connected`,
  };
}
