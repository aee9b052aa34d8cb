// bench/plan: hosts, memory and settings from the costs of a run.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { costsOf, plan } from '../../../bench/million/plan.mjs';
import { read, verdict } from '../../../bench/million/results.mjs';
import { million, phase, result, write } from './fabricated.mjs';

const recorded = { database_bytes: 4e9, stack: { nginx_processes: 200, slots: 7168, ports: 20, worker_processes: 2, pool_connections: 20 } };
const costs = costsOf(million([phase(2000, 60), phase(5000, 60), phase(10_000, 60)]), recorded);
const stack = { nginx_processes: 200, ports: 20, pool_connections: 20, spare_connections: 60 };
const host = { cores: 8, memory: 32 * 2 ** 30, busy: 0.5, spare: 1 };
const planned = (users, rate, more = {}) => plan({ users, rate }, { ...host, ...more }, stack, costs);
const setting = ({ settings }, name) => settings.find((one) => one[1] === name)[2];

describe('the costs of a run', () => {
  test('are those of 5,000 requests a second, where it had them', () => {
    assert.equal(costs.rate, 5000);
    assert.deepEqual(costs.us, { edge: 40, app: 25, database: 35 });
  });
  test('are those of its first phase with requests otherwise', () => {
    assert.equal(costsOf(million([phase(0, 60), phase(7000, 60)]), recorded).rate, 7000);
  });
  test('of a connection are the kernel and nginx', () => assert.equal(costs.connection, 5.25 * 1024));
  test('of a user are the rows', () => assert.equal(costs.rows, 4000));
  test('are none where nobody asked', () => assert.throws(() => costsOf(million([phase(0, 60)]), recorded), /no phase with requests/));
});

describe('a plan', () => {
  test('has the processors that the requests take', () => {
    const { work } = planned(1e6, 10_000);
    assert.deepEqual(Object.values(work).map((one) => Number(one.toFixed(6))), [0.4, 0.25, 0.35]);
  });
  test('has hosts enough for them, busy as far as they may', () => {
    const { edges, apps, databases } = planned(1e6, 1e6); // 40, 25 and 35 processors
    assert.deepEqual([edges.hosts, apps.hosts, databases.hosts], [10, 7, 9]);
    assert.ok([edges, apps, databases].every(({ busy }) => busy <= 0.5));
  });
  test('has a host of each kind even where nobody asks', () => {
    const { edges, apps, databases } = planned(1000, 0);
    assert.deepEqual([edges.hosts, apps.hosts, databases.hosts], [1, 1, 1]);
  });
  test('has edges enough for the memory of the connections', () => {
    const { edges } = planned(12e6, 1000);
    assert.ok(edges.hosts >= 3 && edges.bytes <= 0.8 * host.memory, `${edges.hosts} edges with ${edges.bytes} bytes`);
    assert.equal(edges.clients, 12e6 / edges.hosts);
  });
  test('has databases enough for the rows', () => assert.equal(planned(20e6, 1000).databases.hosts, Math.ceil(80e9 / (0.8 * host.memory - 380 * 10 * 2 ** 20))));
  test('has memory in each database for the connections of all workers', () => {
    const { databases, ...rest } = planned(1e6, 1e6);
    assert.ok(databases.bytes >= setting(rest, 'max_connections') * 10 * 2 ** 20, `${databases.bytes} bytes`);
    assert.throws(() => planned(1e6, 1e6, { cores: 32, memory: 24 * 2 ** 30 }), /too small for a database with 1,?980 connections/);
  });
  test('says when one host carries it all', () => {
    assert.equal(planned(1e6, 5000).alone, true);
    assert.equal(planned(1e6, 100_000).alone, false);
    assert.equal(planned(1e6, 5000, { memory: 8 * 2 ** 30 }).alone, false);
  });
  test('has PostgreSQL connections for the spare hosts too', () => {
    const { databases, ...rest } = planned(1e6, 5000);
    assert.equal(databases.backends, 2 * 8 * 20);
    assert.equal(setting(rest, 'max_connections'), 2 * 8 * 20 + 60);
  });
  test('leaves the fullest process of nginx below 15/16', () => {
    for (const users of [10_000, 100_000, 1e6, 3e6]) {
      const slots = setting(planned(users, 1000), 'worker_connections');
      const { clients } = planned(users, 1000).edges;
      assert.ok(clients / 200 + 4 * Math.sqrt(clients / 200) < (slots * 15) / 16, `${users} users, ${slots} slots`);
      assert.equal(slots % 1024, 0);
    }
  });
  test('has descriptors for the slots and all listening sockets', () => {
    const of = planned(1e6, 1000);
    assert.equal(setting(of, 'worker_rlimit_nofile, nofile soft and hard'), setting(of, 'worker_connections') + 4000);
  });
  test('has a place for each connection in the kernel\'s table', () => {
    const places = (users) => setting(planned(users, 1000), 'thash_entries, on the kernel\'s command line');
    assert.deepEqual([places(1e6), places(2e6), places(1000)], [2 ** 20, 2 ** 21, 2 ** 19]);
  });
  test('refuses hosts that are too small for nginx', () => assert.throws(() => planned(1000, 1, { memory: 2 ** 28 }), /too small/));
});

describe('bench/plan', () => {
  const here = mkdtempSync(join(process.env.TEST_FOLDER ?? tmpdir(), 'plan-'));
  after(() => rmSync(here, { recursive: true }));
  write(here, result(1_000_000, [phase(5000, 600)]), recorded);
  const start = (...words) => spawnSync(fileURLToPath(new URL('../../../bench/plan', import.meta.url)), words, { encoding: 'utf8' });

  test('prints hosts, processors, connections and settings', () => {
    const { status, stdout, stderr } = start('--users', '1000000', '--rate', '5000', '--run', here);
    assert.deepEqual([status, stderr], [0, '']);
    for (const word of ['1,000,000 users', 'each asking once in 200 s', 'edge', 'application', 'database', 'max_connections', 'worker_connections', 'One such host'])
      assert.ok(stdout.includes(word), `${word} is not in\n${stdout}`);
    assert.ok(!/undefined|NaN|null|Infinity/.test(stdout), stdout);
  });
  test('knows what one PostgreSQL cannot carry', () => {
    assert.match(start('--users=1000000', '--rate=1000000', '--run', here).stdout, /One PostgreSQL does not carry it/);
  });
  test('takes numbers with commas', () => assert.match(start('--users', '12,000,000', '--rate', '1,000', '--run', here).stdout, /^12,000,000 users/));
  test('has costs of its own, of a recorded run that held', () => {
    const { status, stdout } = start('--users', '1000000', '--rate', '5000');
    assert.equal(status, 0);
    const [, folder] = stdout.match(/bench\/runs\/(\S*million[^\s,:)]*)/);
    assert.ok(verdict(read(fileURLToPath(new URL(`../../../bench/runs/${folder}`, import.meta.url)))).held, folder);
  });
  for (const [what, words, said] of [
    ['no users', ['--rate', '1'], '--users is missing'],
    ['a word for a number', ['--users', 'many', '--rate', '1'], "not 'many'"],
    ['a host without processors', ['--users', '1', '--rate', '1', '--cores', '0'], '--cores is a number from 1'],
    ['an option that there is not', ['--user', '1'], "Unknown option '--user'"],
    ['a folder that is no run', ['--users', '1', '--rate', '1', '--run', tmpdir()], 'is no run of ./todo bench million'],
  ]) {
    test(`refuses ${what}`, () => {
      const { status, stdout, stderr } = start(...words);
      assert.deepEqual([status, stdout], [1, '']);
      assert.ok(stderr.startsWith('bench/plan: ') && stderr.includes(said), stderr);
    });
  }
});
