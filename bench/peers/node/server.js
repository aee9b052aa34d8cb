// Node.js as its community makes it fast: fastify with schemas, postgres.js, which sends a statement before the one before it
// is answered, and a process for each processor.
//
// PEER_SOCKET   where it listens          PEER_DATABASE   the folder of PostgreSQL's socket
// PEER_KEY      file with the key         PEER_WORKERS, PEER_CONNECTIONS   processes, and connections of each
import cluster from 'node:cluster';
import { randomFillSync } from 'node:crypto';
import { chmodSync, readFileSync } from 'node:fs';
import { createVerifier, TokenError } from 'fast-jwt';
import fastify from 'fastify';
import postgres from 'postgres';

const { PEER_SOCKET, PEER_DATABASE, PEER_KEY, PEER_WORKERS, PEER_CONNECTIONS } = process.env;

const uuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;
const most = 2 ** 53;
const content = {
  type: 'object',
  additionalProperties: false,
  properties: {
    title: { type: 'string', maxLength: 1024, pattern: '\\S' },
    completed: { type: 'boolean' },
    order: { type: ['integer', 'null'], minimum: -most, maximum: most },
    notes: { type: 'string', maxLength: 8192 },
  },
};
const todo = {
  type: 'object',
  properties: {
    id: { type: 'string' },
    url: { type: 'string' },
    title: { type: 'string' },
    completed: { type: 'boolean' },
    order: { type: ['integer', 'null'] },
    notes: { type: 'string' },
    created_at: { type: 'string' },
    updated_at: { type: 'string' },
    version: { type: 'integer' },
  },
};
todo.required = Object.keys(todo.properties);

let randoms = Buffer.alloc(0);
function uuidV7() {
  if (randoms.length < 10) randoms = randomFillSync(Buffer.alloc(10240));
  const bytes = Buffer.alloc(16);
  bytes.writeUIntBE(Date.now(), 0, 6);
  randoms.copy(bytes, 6, 0, 10);
  randoms = randoms.subarray(10);
  bytes[6] = (bytes[6] & 0x0f) | 0x70;
  bytes[8] = (bytes[8] & 0x3f) | 0x80;
  const text = bytes.toString('hex');
  return `${text.slice(0, 8)}-${text.slice(8, 12)}-${text.slice(12, 16)}-${text.slice(16, 20)}-${text.slice(20)}`;
}

// PostgreSQL leaves out the zeros at the end of a fraction.
const moment = (text) => `${text.slice(0, 10)}T${text.slice(11, 19)}.${text.slice(20, -3).padEnd(3, '0')}Z`;

function refuse(status) {
  return Object.assign(new Error(`refused with ${status}`), { statusCode: status });
}

async function serve() {
  const sql = postgres({
    path: `${PEER_DATABASE}/.s.PGSQL.5432`,
    database: 'todo',
    username: 'todo_worker',
    max: Number(PEER_CONNECTIONS),
    types: {
      bigint: { to: 20, from: [20], parse: Number, serialize: String },
      // As text, as it goes on: 2026-11-24 01:59:24.906+00.
      moment: { to: 1184, from: [1184], serialize: String, parse: moment },
    },
  });
  const verify = createVerifier({
    key: readFileSync(PEER_KEY),
    algorithms: ['HS256'],
    allowedIss: 'todo-worker',
    allowedAud: 'todo-worker',
    requiredClaims: ['exp', 'sub'],
    cache: false, // each request is verified
  });
  const shown = (request, row) => ({ url: `http://${request.headers.host}/v1/todos/${row.id}`, ...row });
  const columns = sql`id, title, completed, "order", notes, created_at, updated_at, version`;

  const app = fastify({ bodyLimit: 65536, ajv: { customOptions: { coerceTypes: false, removeAdditional: false } } });
  app.addContentTypeParser('application/merge-patch+json', { parseAs: 'string' }, app.getDefaultJsonParser('error', 'error'));
  app.decorateRequest('owner', '');
  app.addHook('onRequest', (request, reply, done) => {
    const [scheme, token] = (request.headers.authorization ?? '').split(' ');
    try {
      if (scheme.toLowerCase() !== 'bearer') throw new TokenError('FAST_JWT_MISSING', 'no token');
      request.owner = verify(token).sub;
    } catch {
      reply.header('www-authenticate', 'Bearer');
      return done(refuse(401));
    }
    done();
  });
  app.addHook('preValidation', (request, reply, done) => {
    done(request.params.id !== undefined && !uuid.test(request.params.id) ? refuse(404) : undefined);
  });
  app.setErrorHandler((error, request, reply) => {
    let status = error.statusCode ?? 500;
    if (error.validation) status = error.validationContext === 'body' ? 422 : 400;
    if (status >= 500) console.error(error);
    reply.code(status).type('application/problem+json').send(JSON.stringify({ title: 'refused', status }));
  });

  const limit = { type: 'object', properties: { limit: { type: 'string', pattern: '^([1-9]|[1-9][0-9]|1[0-9][0-9]|200)$' } } };
  app.get('/v1/todos', { schema: { querystring: limit, response: { 200: { type: 'array', items: todo } } } }, async (request) => {
    const rows = await sql`SELECT ${columns} FROM todo WHERE owner_id = ${request.owner} AND deleted_at IS NULL
      ORDER BY id LIMIT ${Number(request.query.limit ?? 50)}`;
    return rows.map((row) => shown(request, row));
  });

  const required = { ...content, required: ['title'] };
  app.post('/v1/todos', { schema: { body: required, response: { 201: todo } } }, async (request, reply) => {
    const { title, completed = false, order = null, notes = '' } = request.body;
    const [row] = await sql`
      INSERT INTO todo (owner_id, id, title, completed, "order", notes, created_at, updated_at, version)
      VALUES (${request.owner}, ${uuidV7()}, ${title}, ${completed}, ${order}, ${notes}, now(), now(), 1)
      RETURNING ${columns}`;
    const made = shown(request, row);
    reply.code(201).header('location', made.url);
    return made;
  });

  app.get('/v1/todos/:id', { schema: { response: { 200: todo } } }, async (request) => {
    const [row] = await sql`SELECT ${columns} FROM todo
      WHERE owner_id = ${request.owner} AND id = ${request.params.id} AND deleted_at IS NULL`;
    if (!row) throw refuse(404);
    return shown(request, row);
  });

  app.patch('/v1/todos/:id', { schema: { body: content, response: { 200: todo } } }, async (request) => {
    const { title = null, completed = null, order = null, notes = null } = request.body;
    const [row] = await sql`
      UPDATE todo SET title = COALESCE(${title}, title), completed = COALESCE(${completed}, completed),
             "order" = CASE WHEN ${'order' in request.body}::boolean THEN ${order} ELSE "order" END,
             notes = COALESCE(${notes}, notes), updated_at = now(), version = version + 1
       WHERE owner_id = ${request.owner} AND id = ${request.params.id} AND deleted_at IS NULL
      RETURNING ${columns}`;
    if (!row) throw refuse(404);
    return shown(request, row);
  });

  app.delete('/v1/todos/:id', async (request, reply) => {
    const done = await sql`
      UPDATE todo SET title = '', notes = '', "order" = NULL, updated_at = now(), version = version + 1, deleted_at = now()
       WHERE owner_id = ${request.owner} AND id = ${request.params.id} AND deleted_at IS NULL`;
    if (done.count === 0) throw refuse(404);
    reply.code(204);
  });

  await app.listen({ path: PEER_SOCKET, backlog: 4096 });
  chmodSync(PEER_SOCKET, 0o666);
}

if (cluster.isPrimary) {
  for (let i = 0; i < Number(PEER_WORKERS); ++i) cluster.fork();
  process.on('SIGTERM', () => {
    for (const worker of Object.values(cluster.workers)) worker.kill();
  });
} else {
  await serve();
}
