// What a page of another origin can do with the API. The first sixteen are what a client of TodoBackend
// (todobackend.com) relies on; it sends a Content-Type with each request, so that the browser asks before a GET, too.

async function send(method, url, body, headers = {}) {
  const answer = await fetch(url, {
    method,
    headers: { 'Content-Type': 'application/json', Accept: 'application/json', ...headers },
    body: body === undefined ? undefined : JSON.stringify(body),
    signal: AbortSignal.timeout(10_000),
  })
  const text = await answer.text()
  return { status: answer.status, headers: answer.headers, json: text === '' ? undefined : JSON.parse(text) }
}
const get = async (url) => (await send('GET', url)).json
const post = async (url, body) => (await send('POST', url, body)).json
const patch = async (url, body) => (await send('PATCH', url, body)).json
const remove = (url) => send('DELETE', url)

async function expect(actual, wanted) {
  const [left, right] = [JSON.stringify(await actual), JSON.stringify(wanted)]
  if (left !== right) throw new Error(`${left} is not ${right}`)
}
async function expectProblem(answer, status, code) {
  const { headers, json } = await answer
  await expect([(await answer).status, json.status, json.type], [status, status, `/problems/${code}`])
  await expect(json.request_id, headers.get('X-Request-Id'))
}

/** `root` is the address of the list. Each begins with an empty one. */
export const behaviours = {
  'answers a GET of the list': (root) => expect(get(root), []),

  'answers a POST with the todo that was posted': (root) =>
    expect(post(root, { title: 'a todo' }).then((todo) => todo.title), 'a todo'),

  'answers a DELETE of the list': (root) => expect(remove(root).then((answer) => answer.status), 204),

  'has an empty list after the DELETE': async (root) => {
    await post(root, { title: 'to be gone' })
    await remove(root)
    await expect(get(root), [])
  },

  'adds a new todo to the list': async (root) => {
    await post(root, { title: 'walk the dog' })
    await expect(get(root).then((todos) => todos.map((todo) => todo.title)), ['walk the dog'])
  },

  'makes a new todo that is not completed': async (root) => {
    await expect((await post(root, { title: 'blah' })).completed, false)
    await expect((await get(root))[0].completed, false)
  },

  'gives each new todo a url': async (root) => {
    const created = await post(root, { title: 'blah' })
    await expect(new URL(created.url).href, created.url)
    await expect((await get(root))[0].url, created.url)
  },

  'gives a url that returns the todo': async (root) => {
    const created = await post(root, { title: 'my todo' })
    await expect(get(created.url), created)
  },

  'can be navigated from the list to a todo': async (root) => {
    await post(root, { title: 'first' })
    await post(root, { title: 'second' })
    await expect(get((await get(root))[1].url).then((todo) => todo.title), 'second')
  },

  'changes a title': async (root) => {
    const { url } = await post(root, { title: 'initial title' })
    await expect((await patch(url, { title: 'bathe the cat' })).title, 'bathe the cat')
  },

  'changes whether a todo is completed': async (root) => {
    const { url } = await post(root, { title: 'a' })
    await expect((await patch(url, { completed: true })).completed, true)
  },

  'remembers changes in the todo and in the list': async (root) => {
    const { url } = await post(root, { title: 'a' })
    const changed = await patch(url, { title: 'changed', completed: true })
    await expect([changed.title, changed.completed], ['changed', true])
    await expect(get(url), changed)
    await expect(get(root), [changed])
  },

  'deletes a todo at its url': async (root) => {
    const { url } = await post(root, { title: 'a' })
    await expect((await remove(url)).status, 204)
    await expect(get(root), [])
  },

  'creates a todo with an order': (root) =>
    expect(post(root, { title: 'blah', order: 523 }).then((todo) => todo.order), 523),

  'changes an order': async (root) => {
    const { url } = await post(root, { title: 'blah', order: 10 })
    await expect((await patch(url, { order: 95 })).order, 95)
  },

  'remembers a changed order': async (root) => {
    const { url } = await post(root, { title: 'blah', order: 10 })
    await patch(url, { order: 95 })
    await expect((await get(url)).order, 95)
  },

  'lets the page read ETag, Location and X-Request-Id': async (root) => {
    const { headers, json } = await send('POST', root, { title: 'a' }, { 'X-Request-Id': 'from-a-page' })
    await expect(headers.get('Location'), json.url)
    await expect(/^"1-\d{13}"$/.test(headers.get('ETag')), true)
    await expect(headers.get('X-Request-Id'), 'from-a-page')
  },

  'lets the page follow Link to the next page': async (root) => {
    await post(root, { title: 'first' })
    await post(root, { title: 'second' })
    const { headers } = await send('GET', `${root}?limit=1`)
    const next = /^<([^>]+)>; rel="next"$/.exec(headers.get('Link'))[1]
    await expect(get(next).then((todos) => todos.map((todo) => todo.title)), ['second'])
  },

  'lets the page write with If-Match and If-None-Match': async (root) => {
    const { headers, json } = await send('POST', root, { title: 'a' })
    const seen = headers.get('ETag')
    await expect((await send('PATCH', json.url, { title: 'b' }, { 'If-Match': seen })).status, 200)
    await expectProblem(send('PATCH', json.url, { title: 'c' }, { 'If-Match': seen }), 412, 'precondition-failed')
    await expectProblem(send('PUT', json.url, { title: 'c' }, { 'If-None-Match': '*' }), 412, 'precondition-failed')
  },

  'lets the page repeat a write with an Idempotency-Key': async (root) => {
    const key = { 'Idempotency-Key': crypto.randomUUID() }
    const first = await send('POST', root, { title: 'once' }, key)
    const second = await send('POST', root, { title: 'once' }, key)
    await expect([second.headers.get('Idempotent-Replayed'), second.json], ['true', first.json])
  },

  "lets the page read the worker's errors": async (root) => {
    await expectProblem(send('GET', `${root}/7`), 404, 'not-found')
    await expectProblem(send('POST', root, { title: '' }), 422, 'invalid-fields')
    const refused = send('PUT', root, { title: 'a' })
    await expectProblem(refused, 405, 'method-not-allowed')
    await expect((await refused).headers.get('Allow').includes('POST'), true)
  },

  'lets the page send a token': async (root) => {
    const token = { Authorization: 'Bearer of.no.use' }
    await expectProblem(send('GET', new URL('/nowhere', root), undefined, token), 404, 'not-found')
  },

  "lets the page read the web server's errors": async (root) => {
    await expectProblem(send('GET', new URL('/nowhere', root)), 404, 'not-found')
    await expectProblem(send('POST', root, { title: 'a', notes: 'n'.repeat(65536) }), 413, 'payload-too-large')
  },
}
