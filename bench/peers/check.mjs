// The conformance test of the five requests: node check.mjs PEER URL KEYS_FILE. One line for each test, `ok PEER: NAME` or
// `not ok PEER: NAME`, and exit code 1 when one failed.
import assert from 'node:assert/strict';
import { ownerId, readKey, sign } from '../tokens.mjs';

const [peer, base, keysFile] = process.argv.slice(2);
const key = readKey(keysFile);
const alice = sign(key, ownerId(1));
const bob = sign(key, ownerId(2));
const url = `${base}/v1/todos`;
const absent = '01980000-0000-7fff-8000-000000000001';
const fields = ['id', 'url', 'title', 'completed', 'order', 'notes', 'created_at', 'updated_at', 'version'];
const moment = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;

async function ask(method, address, { token = alice, json, text = json && JSON.stringify(json), type = 'application/json' } = {}) {
  const headers = {};
  if (token) headers.authorization = `Bearer ${token}`;
  if (text !== undefined) headers['content-type'] = type;
  const answer = await fetch(address, { method, headers, body: text, signal: AbortSignal.timeout(10_000) });
  const body = await answer.text();
  const isJson = answer.headers.get('content-type')?.includes('json');
  return { status: answer.status, headers: answer.headers, type: answer.headers.get('content-type'), body: isJson ? JSON.parse(body) : body };
}

async function refuses(status, ...request) {
  const answer = await ask(...request);
  assert.equal(answer.status, status);
  assert.match(answer.type, /^application\/problem\+json/);
}

async function create(json = { title: 'water the plants' }) {
  const answer = await ask('POST', url, { json });
  assert.equal(answer.status, 201);
  return answer.body;
}

const tests = {
  'a list has the first todos in the order of their ids': async () => {
    const { status, type, body } = await ask('GET', `${url}?limit=10`);
    assert.equal(status, 200);
    assert.match(type, /^application\/json/);
    assert.deepEqual(body.map((todo) => todo.title), Array.from({ length: 10 }, (_, n) => `water the plants in room ${n + 1}`));
    for (const todo of body) assert.deepEqual(Object.keys(todo), fields);
    assert.deepEqual(body[1], {
      id: '01980000-0000-7002-8000-000000000001',
      url: `${url}/01980000-0000-7002-8000-000000000001`,
      title: 'water the plants in room 2',
      completed: false,
      order: 2000,
      notes: '',
      created_at: '2026-01-01T02:00:00.000Z',
      updated_at: '2026-01-01T02:00:00.000Z',
      version: 1,
    });
  },
  'a list has no more than its limit': async () => {
    assert.equal((await ask('GET', `${url}?limit=3`)).body.length, 3);
    await refuses(400, 'GET', `${url}?limit=0`);
    await refuses(400, 'GET', `${url}?limit=ten`);
  },
  'a todo is created, and found as it was answered': async () => {
    const title = 'Zürich "quoted" \\ </script> 🌱';
    const answer = await ask('POST', url, { json: { title, completed: true, order: -9007199254740992, notes: 'one\ntwo' } });
    assert.equal(answer.status, 201);
    assert.deepEqual(Object.keys(answer.body), fields);
    const { id, url: own, created_at: at, updated_at: changed, ...rest } = answer.body;
    assert.match(id, /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
    assert.equal(own, `${url}/${id}`);
    assert.equal(answer.headers.get('location'), own);
    assert.match(at, moment);
    assert.equal(changed, at);
    assert.ok(Math.abs(Date.parse(at) - Date.now()) < 60_000);
    assert.deepEqual(rest, { title, completed: true, order: -9007199254740992, notes: 'one\ntwo', version: 1 });
    assert.deepEqual((await ask('GET', own)).body, answer.body);
  },
  'what is not sent has its default': async () => {
    const { completed, order, notes } = await create({ title: 'x' });
    assert.deepEqual({ completed, order, notes }, { completed: false, order: null, notes: '' });
  },
  'a patch changes what it names, and counts the version': async () => {
    const made = await create({ title: 'old', order: 7, notes: 'kept' });
    const { status, body } = await ask('PATCH', made.url, { json: { title: 'new', completed: true } });
    assert.equal(status, 200);
    assert.match(body.updated_at, moment);
    assert.deepEqual(body, { ...made, title: 'new', completed: true, updated_at: body.updated_at, version: 2 });
    const cleared = await ask('PATCH', made.url, { json: { order: null }, type: 'application/merge-patch+json' });
    assert.equal(cleared.status, 200);
    assert.equal(cleared.body.order, null);
    assert.equal(cleared.body.notes, 'kept');
    assert.deepEqual((await ask('GET', made.url)).body, cleared.body);
  },
  'what is deleted is gone': async () => {
    const made = await create();
    const { status, body } = await ask('DELETE', made.url);
    assert.deepEqual([status, body], [204, '']);
    await refuses(404, 'GET', made.url);
    await refuses(404, 'PATCH', made.url, { json: { title: 'back' } });
    assert.ok(!(await ask('GET', `${url}?limit=200`)).body.some((todo) => todo.id === made.id));
  },
  'what never was is not there': async () => {
    for (const [method, more] of [['GET'], ['PATCH', { json: { title: 'x' } }], ['DELETE']]) {
      await refuses(404, method, `${url}/${absent}`, more);
      await refuses(404, method, `${url}/nothing`, more);
    }
  },
  "somebody else's todo is not there": async () => {
    const made = await create();
    await refuses(404, 'GET', made.url, { token: bob });
    await refuses(404, 'PATCH', made.url, { token: bob, json: { title: 'mine' } });
    await refuses(404, 'DELETE', made.url, { token: bob });
    assert.deepEqual((await ask('GET', made.url)).body, made);
    assert.ok(!(await ask('GET', `${url}?limit=200`, { token: bob })).body.some((todo) => todo.id === made.id));
  },
  'each request needs a token that holds': async () => {
    const past = Math.floor(Date.now() / 1000) - 10;
    const none = `${sign(key, ownerId(1), {}, { alg: 'none' }).split('.').slice(0, 2).join('.')}.`;
    const [head, payload, signature] = alice.split('.');
    const [, others] = bob.split('.');
    const wrong = [
      null, 'x', 'a.b.c', none, `${head}.${others}.${signature}`, `${head}.${payload}.${signature.slice(0, -3)}AAA`,
      sign({ ...key, secret: 'guessed' }, ownerId(1)), sign(key, ownerId(1), { exp: past }),
      sign(key, ownerId(1), { aud: 'another' }), sign(key, ownerId(1), { iss: 'another' }), sign(key, ownerId(1), {}, { alg: 'none' }),
    ];
    for (const token of wrong) {
      await refuses(401, 'GET', url, { token });
      await refuses(401, 'POST', url, { token, json: { title: 'x' } });
    }
    await refuses(401, 'GET', `${url}/${absent}`, { token: null });
  },
  'what is no JSON is refused': async () => {
    const made = await create();
    for (const text of ['{', '{"title":"x"', 'title', '{"title":"x"} more']) {
      await refuses(400, 'POST', url, { text });
      await refuses(400, 'PATCH', made.url, { text });
    }
  },
  'what is no todo is refused': async () => {
    const made = await create();
    const wrong = [
      { title: '' }, { title: ' \t' }, { title: 7 }, { title: null }, { title: 'x', completed: 'yes' }, { title: 'x', order: 'first' },
      { title: 'x', order: 1.5 }, { title: 'x', notes: 1 }, { title: 'x', colour: 'red' }, { title: 'é'.repeat(1025) },
    ];
    await refuses(422, 'POST', url, { json: {} });
    for (const json of wrong) {
      await refuses(422, 'POST', url, { json });
      await refuses(422, 'PATCH', made.url, { json });
    }
    assert.equal((await create({ title: '🌱'.repeat(1024) })).title.length, 2048);
  },
  'a body has a bound': async () => {
    await refuses(422, 'POST', url, { json: { title: 'x', notes: 'n'.repeat(8193) } });
    const { status } = await ask('POST', url, { json: { title: 'x', notes: 'n'.repeat(70_000) } });
    assert.equal(status, 413);
  },
};

let failed = 0;
for (const [name, test] of Object.entries(tests)) {
  try {
    await test();
    console.log(`ok ${peer}: ${name}`);
  } catch (error) {
    ++failed;
    console.log(`    ${String(error.stack).replaceAll('\n', '\n    ')}\nnot ok ${peer}: ${name}`);
  }
}
process.exit(failed === 0 ? 0 : 1);
