// What is said of a run that lacked one of the measures.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { outcome } from '../../../bench/ablation/outcome.mjs';
import { run } from '../million/fabricated.mjs';

const second = (phase, open, errors) => ({ phase, open, errors });

test('a run that held says so', () => {
  const { held, reasons, most } = outcome(run(), [second(0, 5000, 0), second(1, 10_000, 0)]);
  assert.deepEqual([held, reasons, most], [true, [], 10_000]);
});
test('a run that failed while users came says at how many', () => {
  const of = outcome(run((spoilt) => { spoilt.connections.refused = 5; }), [second(0, 5000, 0), second(0, 8000, 2), second(1, 9000, 5)]);
  assert.deepEqual([of.held, of.where, of.reasons], [false, 'from 8,000 users on', ['5 connections were refused']]);
});
test('a run that failed once they were there says that', () => {
  const of = outcome(run(({ phases }) => { phases[0].timed_out = 3; }), [second(0, 10_000, 0), second(1, 10_000, 3)]);
  assert.equal(of.where, 'with 10,000 users connected');
});
test('a failure that is no error of the load, as requests that were never sent, has the number of users as well', () => {
  const of = outcome(run(({ phases }) => { Object.assign(phases[0], { unsent: 9, sent: phases[0].sent - 9, answered: phases[0].sent - 9, ok: phases[0].ok - 9 }); }), [second(1, 10_000, 0)]);
  assert.deepEqual([of.held, of.where], [false, 'with 10,000 users connected']);
});
test('the most users are counted in any second', () => {
  const of = outcome(run(({ connections }) => { Object.assign(connections, { open_at_begin: 7000, open_at_end: 6000 }); }), [second(0, 9500, 1)]);
  assert.equal(of.most, 9500);
});
