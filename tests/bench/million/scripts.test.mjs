// The scripts that make a page, a line and charts of a run's folder.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { phase, result, write } from './fabricated.mjs';

const here = mkdtempSync(join(process.env.TEST_FOLDER ?? tmpdir(), 'million-'));
after(() => rmSync(here, { recursive: true }));
const scripts = fileURLToPath(new URL('../../../bench/million/', import.meta.url));
const start = (script, ...words) => spawnSync(process.execPath, [join(scripts, script), ...words], { encoding: 'utf8' });
const hole = /undefined|NaN|null|Infinity/;

// given NAME: a folder of a run's files.
function given(name, ...of) {
  const folder = join(here, name);
  write(folder, ...of);
  return folder;
}

const held = given('held');
const spoilt = result();
spoilt.connections.reset = 4;
const lost = given('lost', spoilt);
// Longer than a line has points, with all kinds of phases, some of them too short for their names.
const long = given('long', result(1_000_000, [phase(5000, 600), phase(0, 30), phase(9000, 5), phase(0, 5), phase(1000, 60, 200_000)]), { overload: ['9000:5'] });

describe('verdict.mjs', () => {
  test('ends with 0 when the run held', () => {
    const { status, stdout } = start('verdict.mjs', held);
    assert.deepEqual([status, stdout], [0, 'held: 10,000 users, 1,000/s for 60 s: p99 10.0 ms\n']);
  });
  test('ends with 1 when it did not', () => {
    const { status, stdout } = start('verdict.mjs', lost);
    assert.deepEqual([status, stdout], [1, 'not held: 4 connections were reset (10,000 users, 1,000/s for 60 s: p99 10.0 ms)\n']);
  });
});

describe('report.mjs', () => {
  for (const folder of [held, lost, long]) {
    test(`has no hole, ${folder.split('/').at(-1)}`, () => {
      const { status, stdout } = start('report.mjs', folder);
      assert.equal(status, 0);
      assert.doesNotMatch(stdout, hole);
    });
  }
  const { stdout } = start('report.mjs', held);
  test('begins with the users, the day, the command and the verdict', () => {
    assert.match(stdout, /^# 10,000 users at once, \d{4}-\d\d-\d\d\n\n {4}\.\/todo bench million\n\n\*\*held: 10,000 users/);
  });
  test('has a dash where nobody asked', () => {
    assert.match(stdout, /^\| 0:30 \| 0 \| 30 \| 0 \| 0 \| 0 \| - \| - \| - \| - \| - \| - \| 0 \| 0 \| 0 \| - \| - \|$/m);
  });
  test('has what the run says of its settings and the machine', () => {
    assert.match(stdout, /## The conditions\n\nnginx has 200 processes\.\n\n## The machine\n\nA small one\.\n$/);
  });
  test('says which bars a million reaches', () => {
    const page = start('report.mjs', long).stdout;
    assert.match(page, /\| 5,000\/s for 600 s: p99 \| 10\.0 ms \| at most 100 ms \| reached \|/);
    assert.match(page, /\| 5\.25 KB \| at most 5\.2 KB \| \*\*missed\*\* \|/);
  });
});

describe('charts.mjs', () => {
  for (const folder of [held, long]) {
    test(`draws five, without a hole, ${folder.split('/').at(-1)}`, () => {
      const { status, stderr } = start('charts.mjs', folder, folder);
      assert.deepEqual([status, stderr], [0, '']);
      const charts = readdirSync(folder).filter((name) => name.endsWith('.svg'));
      assert.deepEqual(charts, ['connections.svg', 'cpu.svg', 'latency.svg', 'memory.svg', 'rate.svg']);
      for (const chart of charts) assert.doesNotMatch(readFileSync(join(folder, chart), 'utf8'), hole);
    });
  }
  test('draws at most 800 points of a line', () => {
    const lines = readFileSync(join(long, 'connections.svg'), 'utf8').match(/points="[^"]*"/g);
    assert.ok(lines.every((line) => line.split(' ').length <= 800));
  });
});
