// A run of the million holds, or does not and says why.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { headline, measured, verdict } from '../../../bench/million/results.mjs';
import { phase, result, run, settings } from './fabricated.mjs';

const reasons = (spoil, more) => verdict(run(spoil, more)).reasons;

describe('a run', () => {
  test('holds when all was sent and answered', () => {
    assert.deepEqual(verdict(run()), { held: true, reasons: [] });
  });
  test('says in one line what it held', () => {
    assert.equal(headline(run()), 'held: 10,000 users, 1,000/s for 60 s: p99 10.0 ms');
  });
  test('says in one line why it did not', () => {
    const spoilt = run((of) => { of.connections.refused = 3; of.phases[0].foreign = 2; });
    const why = "3 connections were refused; 1000:60: 2 of 60,000 checked answers were foreign: somebody else's todos, or not the user's own";
    assert.equal(headline(spoilt), `not held: ${why} (10,000 users, 1,000/s for 60 s: p99 10.0 ms)`);
  });
  test('that looked at one answer in a hundred holds', () => {
    assert.deepEqual(reasons((of) => { of.phases[0].checked = 600; }), []);
  });
});

describe('a run does not hold', () => {
  const cases = [
    ['when users were missing at the begin', ({ connections }) => { connections.open_at_begin = 9999; }, '9,999 of 10,000 users were connected when the phases began'],
    ['when users were missing at the end', ({ connections }) => { connections.open_at_end = 9998; }, '9,998 of 10,000 users were connected at the end'],
    ['when connections were refused', ({ connections }) => { connections.refused = 1; }, '1 connections were refused'],
    ['when connections were reset', ({ connections }) => { connections.reset = 2; }, '2 connections were reset'],
    ['when connections were closed', ({ connections }) => { connections.closed = 3; }, '3 connections were closed by the server'],
    ['when connections timed out', ({ connections }) => { connections.timed_out = 4; }, '4 connections timed out before they were open'],
    ['when connections had no TLS', ({ connections }) => { connections.tls_failed = 3; }, '3 connections failed in the handshake of TLS'],
    ['when connections had no way', ({ connections }) => { connections.unroutable = 5; }, '5 connections had no source, port, memory or descriptor (unroutable)'],
    ['when the load was stopped', (of) => { of.stopped = true; }, 'the load was stopped before its end'],
    ['when the load had to be killed', (of) => { of.killed = 2; }, '2 processes of the load did not end, and had to be killed'],
    ['when a phase was cut short', ({ phases }) => { phases[1].measured_seconds = 0.1; }, '0:30: lasted 0.1 of 30 s'],
    ['when connections were dropped that no phase says', ({ connections }) => { Object.assign(connections, { dropped: 10, returned: 10 }); }, '10 connections were dropped instead of 0'],
  ];
  for (const [name, spoil, reason] of cases) test(name, () => assert.deepEqual(reasons(spoil), [reason]));
});

// The same counts, of the ramp and of each phase; the third value: what the reason says behind the phase's name.
const spoiltCounts = [
  ['when requests were unsent', (of) => { of.unsent = 7; of.sent -= 7; of.answered -= 7; of.ok -= 7; of.status[200] -= 7; }, (sent) => `7 of ${sent} requests were unsent`],
  ['when requests went astray', (of) => { of.intended += 7; }, (sent, seven) => `7 of ${seven} requests were neither sent nor unsent`],
  ['when more were sent than intended', (of) => { of.intended -= 7; }, () => '7 more requests were sent than intended'],
  ['when requests timed out', (of) => { of.timed_out = 7; of.answered -= 7; of.ok -= 7; of.status[200] -= 7; }, () => '7 requests timed out'],
  ['when answers were cut off', (of) => { of.cut_off = 7; of.answered -= 7; of.ok -= 7; of.status[200] -= 7; }, () => '7 answers were cut off'],
  ['when answers were malformed', (of) => { of.malformed = 7; of.answered -= 7; of.ok -= 7; of.status[200] -= 7; }, () => '7 answers were malformed'],
  ['when answers are missing', (of) => { of.answered -= 7; of.ok -= 7; of.status[200] -= 7; }, () => '7 requests were not answered'],
  ['when there are too many answers', (of) => { of.answered += 7; of.ok += 7; of.status[200] += 7; }, () => '7 more answers than requests were counted'],
  ['when answers were refusals', (of) => { of.ok -= 7; of.status = { 200: of.ok, 503: 7 }; }, () => 'answers that may not be: 503: 7'],
  ['when answers were not good and nobody knows why', (of) => { of.ok -= 7; }, (sent) => `${(Number(sent.replace(',', '')) - 7).toLocaleString('en-US')} of ${sent} answers were 2xx`],
  ['when answers were foreign', (of) => { of.foreign = 7; }, (sent) => `7 of ${sent} checked answers were foreign: somebody else's todos, or not the user's own`],
  ['when nearly none were checked', (of) => { of.checked = 7; }, (sent) => `only 7 of ${sent} answers were checked`],
];

describe('a phase does not hold', () => {
  for (const [name, spoil, reason] of spoiltCounts) {
    test(name, () => assert.deepEqual(reasons((of) => spoil(of.phases[0])), [`1000:60: ${reason('60,000', '60,007')}`]));
  }
});

describe('the ramp does not hold', () => {
  for (const [name, spoil, reason] of spoiltCounts) {
    test(name, () => assert.deepEqual(reasons((of) => spoil(of.ramp)), [`ramp: ${reason('10,000', '10,007')}`]));
  }
});

describe('an overload', () => {
  const overload = { overload: ['1000:60'] };
  const refuse = (status) => (of) => {
    const bad = Object.values(status).reduce((a, b) => a + b, 0);
    of.phases[0].ok -= bad;
    of.phases[0].status = { 200: of.phases[0].ok, ...status };
  };
  test('may be refused by 503 and 429, and its goodput is what was not', () => {
    const refused = run(refuse({ 429: 10_000, 503: 20_000 }), overload);
    assert.deepEqual(verdict(refused), { held: true, reasons: [] });
    assert.equal(headline(refused), 'held: 10,000 users, 1,000/s for 60 s: overload, 500/s good, p99 10.0 ms');
  });
  test('may leave requests unsent', () => {
    assert.deepEqual(reasons((of) => { of.phases[0].intended += 5; of.phases[0].unsent = 5; }, overload), []);
  });
  test('may not be answered by 502 or 504', () => {
    assert.deepEqual(reasons(refuse({ 502: 3, 503: 20, 504: 1 }), overload), ['1000:60: answers that may not be: 502: 3, 504: 1']);
  });
  test('may not lose a connection', () => {
    assert.deepEqual(reasons((of) => { of.connections.reset = 1; }, overload), ['1 connections were reset']);
  });
  for (const [name, counter, words] of [['time out', 'timed_out', 'requests timed out'], ['cut answers off', 'cut_off', 'answers were cut off'], ['send nonsense', 'malformed', 'answers were malformed']]) {
    test(`may not ${name}`, () => {
      const spoilt = (of) => { of.phases[0][counter] = 2; of.phases[0].answered -= 2; of.phases[0].ok -= 2; of.phases[0].status[200] -= 2; };
      assert.deepEqual(reasons(spoilt, overload), [`1000:60: 2 ${words}`]);
    });
  }
  test('excuses no other phase', () => {
    assert.deepEqual(verdict(run((of) => { of.phases.push(phase(500, 60)); of.phases[2].ok -= 1; of.phases[2].status = { 200: 29_999, 503: 1 }; }, overload)).reasons,
      ['500:60: answers that may not be: 503: 1']);
  });
  test('that the run did not have is a mistake', () => {
    assert.throws(() => measured(result(), { ...settings, overload: ['9:9'] }), /no phase 9:9/);
  });
});

describe('a drop', () => {
  test('holds when all came back', () => {
    assert.deepEqual(verdict(measured(result(10_000, [phase(0, 60, 2000)]), settings)), { held: true, reasons: [] });
  });
  test('does not hold when users stay away', () => {
    const away = result(10_000, [phase(0, 60, 2000)]);
    away.connections.returned = 1999;
    assert.deepEqual(verdict(measured(away, settings)).reasons, ['1,999 of 2,000 dropped connections came back']);
  });
  test('does not hold when there were fewer connections to drop than it says', () => {
    const few = result(10_000, [phase(0, 60, 2000)]);
    Object.assign(few.connections, { dropped: 1500, returned: 1500 });
    assert.deepEqual(verdict(measured(few, settings)).reasons, ['1,500 connections were dropped instead of 2,000']);
  });
  test('excuses no other loss', () => {
    const lost = result(10_000, [phase(0, 60, 2000)]);
    lost.connections.closed = 1;
    assert.deepEqual(verdict(measured(lost, settings)).reasons, ['1 connections were closed by the server']);
  });
  test('does not hold when a user has missed its turn meanwhile', () => {
    const missed = result(10_000, [phase(1000, 60, 2000)]);
    missed.phases[0].intended += 40;
    missed.phases[0].unsent = 40;
    assert.deepEqual(verdict(measured(missed, settings)).reasons, ['1000:60:drop=2000: 40 of 60,040 requests were unsent']);
  });
});
