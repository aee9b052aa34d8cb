// What is computed from a run of the million: rates, processor time, memory, and the project's bars.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { bars, bearable, number, slope } from '../../../bench/million/results.mjs';
import { latency, million, phase, run } from './fabricated.mjs';

describe('a slope', () => {
  test('is that of the line, wherever it begins', () => {
    assert.equal(slope([[0, 100], [10, 120], [50, 200]]), 2);
  });
  test('has the least squares', () => {
    assert.equal(slope([[0, 0], [1, 3], [2, 0], [3, 3]]), 0.6);
  });
  test('is none where there is one point', () => {
    assert.equal(slope([[5, 5], [5, 6]]), undefined);
  });
});

describe('memory of a connection', () => {
  const { memory, slope: whole } = run();
  const parts = Object.fromEntries(memory.parts.map((part) => [part.name, part]));
  test('is half of what the kernel has for both ends', () => {
    assert.equal(parts.kernel.slope, 5);
    assert.equal(parts.kernel.begin, 0);
    assert.equal(parts.kernel.end, 50_000);
  });
  test('is what each role grows by', () => {
    assert.deepEqual(['nginx', 'worker', 'postgresql'].map((role) => parts[role].slope), [0.25, 0, 0]);
  });
  test('is the sum of all', () => {
    assert.equal(whole, 5.25);
    assert.equal(parts.total.end, 732_500);
  });
  test('is, with all that the server has, more', () => {
    assert.equal(memory.each, 73.25);
  });
});

describe('a phase', () => {
  const [asked, silent] = run((of) => { of.phases[0].ok -= 600; }).phases;
  test('has the processor time of an answer', () => {
    assert.deepEqual(asked.cpu, { nginx: 40, worker: 25, postgresql: 35, generator: 20, server: 100 });
  });
  test('has the share of the machine that was busy', () => {
    assert.equal(asked.busy, 0.5);
  });
  test('has the share that others took', () => {
    assert.equal(asked.others.toFixed(3), '0.440'); // half of it was busy, and the server and the load had 120 us of each of 1,000 requests
  });
  test('has a rate of answers, and one of good ones', () => {
    assert.deepEqual([asked.answers, asked.goodput], [1000, 990]);
  });
  test('has the rates and the costs of what was answered while it lasted, whenever it was asked for', () => {
    const [some] = run((of) => { of.phases[0].meanwhile = { answered: 48_000, ok: 47_400 }; }).phases;
    assert.deepEqual([some.answers, some.goodput, some.cpu.nginx], [800, 790, 50]);
  });
  test('has its latencies in milliseconds', () => {
    assert.deepEqual(asked.latency, { p50: 1, p90: 2, p99: 10, p99_9: 15, p99_99: 18, max: 20 });
  });
  test('of rate 0 has no latency and no cost', () => {
    assert.deepEqual([silent.latency.p99, silent.lag, silent.cpu.server, silent.goodput], [undefined, undefined, undefined, 0]);
  });
});

const judged = (of) => bars(of).filter((one) => one.bar !== undefined).map(({ what, shown, bar, reached }) => [what, shown, bar, reached]);

describe('the bars', () => {
  test('are for a million users', () => {
    assert.deepEqual(judged(run((of) => { of.phases = [phase(5000, 600)]; })), []);
  });
  test('leave the figures of a smaller run', () => {
    assert.deepEqual(bars(run()).map(({ what, shown }) => [what, shown]), [
      ['1,000/s for 60 s: p99', '10.0 ms'],
      ['1,000/s for 60 s: the longest', '20.0 ms'],
      ["1,000/s for 60 s: the server's processor time a request", '100.0 us'],
      ['memory of the server for one more connection', '5.25 KB'],
    ]);
  });
  test('are for phases of ten minutes, and for memory', () => {
    assert.deepEqual(judged(million([phase(5000, 600), phase(7000, 600), phase(5000, 599)])), [
      ['5,000/s for 600 s: p99', '10.0 ms', 'at most 100 ms', true],
      ['5,000/s for 600 s: the longest', '20.0 ms', 'less than 1,000 ms', true],
      ["5,000/s for 600 s: the server's processor time a request", '100.0 us', 'at most 130 us', true],
      ['7,000/s for 600 s: p99', '10.0 ms', 'at most 250 ms', true],
      ['memory of the server for one more connection', '5.25 KB', 'at most 5.2 KB', false],
    ]);
  });
  test('are reached at the bar itself, but for the longest', () => {
    const slow = (us) => ({ ...latency(1), p99: us / 10, max: us });
    const of = million([{ ...phase(5000, 600), latency_us: slow(1e6) }, { ...phase(7000, 600), latency_us: slow(2.5e6) }]);
    assert.deepEqual(judged(of).map((one) => one[3]), [true, false, true, true, false]);
  });
  test('are missed beyond them', () => {
    const costly = { ...phase(5000, 600), latency_us: { ...latency(1), p99: 100_001 } };
    costly.spent_us.nginx += 31 * costly.answered;
    const of = million([costly, { ...phase(7000, 600), latency_us: { ...latency(1), p99: 250_001 } }]);
    assert.deepEqual(judged(of).map((one) => one[3]), [false, true, false, false, false]);
  });
  test('want 200,000 who were dropped back within a minute', () => {
    const drop = (spoil) => judged(million([phase(0, 60, 200_000)], spoil)).at(-1);
    const what = '200,000 connections dropped, 200,000 came back: the last after';
    assert.deepEqual(drop(() => {}), [what, '30.0 s', 'at most 60 s', true]);
    assert.deepEqual(drop(({ connections }) => { connections.last_return_seconds = 60.1; }), [what, '60.1 s', 'at most 60 s', false]);
    assert.equal(drop(({ connections }) => { connections.returned -= 1; })[3], false);
  });
  describe('of an overload', () => {
    const of = (...phases) => million([phase(5000, 60), phase(12_000, 60), ...phases], () => {}, { overload: ['12000:60'] });
    // Lines of the two phases, and then a second each of the third, from its first moment on, when nothing is answered yet.
    const third = 1000 + 60 + 60;
    const lines = (...p99s) => [[1, 10], [2, 900], [3, undefined], ...p99s.map((ms) => [3, ms])]
      .map(([number, ms], n) => ({ phase: number, seconds: third - 2 + n, latency_us: ms === undefined ? latency(0) : { count: 1, p99: ms * 1000 } }));
    const again = (run, series) => bars(run, series).filter(({ what }) => what.startsWith('after it')).map(({ shown, bar, reached }) => [shown, bar, reached]);
    const most = 'at most 5 s';
    test('want it to be over within five seconds', () => {
      assert.deepEqual(again(of(phase(5000, 60)), lines(900, 800, 100, 900)), [['3.0 s', most, true]]);
      assert.deepEqual(again(of(phase(5000, 60)), lines(...Array(4).fill(101), 99)), [['5.0 s', most, true]]);
      assert.deepEqual(again(of(phase(5000, 60)), lines(...Array(5).fill(101), 99)), [['6.0 s', most, false]]);
    });
    test('are missed where it never ends', () => assert.deepEqual(again(of(phase(5000, 60)), lines(900, 900)), [['-', most, false]]));
    test('say how much was done, and nothing of its latency', () => {
      const [good] = bars(of(phase(5000, 60)), lines(1)).filter(({ what }) => what.startsWith('12000:60'));
      assert.deepEqual([good.what, good.shown, good.bar], ['12000:60, an overload: good answers', '12,000 a second', undefined]);
    });
    test('need a phase after it', () => {
      assert.deepEqual(again(of(), lines()), []);
      assert.deepEqual(again(of(phase(0, 60)), lines()), []);
    });
  });
  test('say nothing of a smaller drop', () => {
    assert.deepEqual(judged(million([phase(0, 60, 199_999)])).map((one) => one[0]), ['memory of the server for one more connection']);
  });
});

describe('what is bearable', () => {
  test('is the highest rate whose p99 is', () => {
    const slow = { ...phase(3000, 60), latency_us: { ...latency(1), p99: 100_001 } };
    assert.equal(bearable(run((of) => { of.phases = [phase(1000, 60), phase(2000, 60), slow]; })).name, '2000:60');
  });
  test('may be none', () => {
    assert.equal(bearable(run(({ phases }) => { phases[0].ok -= 1; })), undefined);
  });
});

test('a number that is none is a dash', () => {
  assert.deepEqual([undefined, null, NaN, Infinity, -0.001, 1234.5].map((value) => number(value, 1)), ['-', '-', '-', '-', '0.0', '1,234.5']);
});
