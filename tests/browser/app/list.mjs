// nginx/www/app/list.js alone, in the browser.
import { same } from '../harness.mjs'

/** Calls `run(list, given)` in the page, where `list` is the module. */
const inPage = (visitor, run, given) =>
  visitor.page.evaluate(`import('/app/list.js').then((list) => (${run})(list, ${JSON.stringify(given)}))`)

export const list = {
  'place() brings a todo where it is asked to be, and nothing else moves': async (visitor) => {
    const wrong = await inPage(visitor, ({ inOrder, place, withOps }) => {
      const orders = [null, null, 0, 0, 1, 2, 3, 1024, 2048, -1024, 2 ** 53, 2 ** 53 - 1, -(2 ** 53)]
      const random = (below) => Math.floor(Math.random() * below)
      const most = 2 ** 53
      for (let round = 0; round < 5000; ++round) {
        const todos = Array.from({ length: 1 + random(8) }, (_, i) => ({ id: `id${i}`, order: orders[random(orders.length)] }))
        const moved = todos[random(todos.length)]
        const others = inOrder(todos.filter((todo) => todo !== moved))
        const index = random(others.length + 1)
        const changes = place(moved.id, index, others)
        const ops = changes.map(({ id, order }) => ({ id, method: 'PATCH', body: { order } }))
        const after = inOrder(withOps(new Map(todos.map((todo) => [todo.id, todo])), ops).values())
        const wanted = others.map(({ id }) => id).toSpliced(index, 0, moved.id)
        const right = after.every((todo, i) => todo.id === wanted[i])
        const legal = changes.every(({ order }) => Number.isInteger(order) && Math.abs(order) <= most)
        if (!right || !legal) return { todos, moved, index, changes }
      }
      return null
    })
    same(wrong, null)
  },
  'place() changes the one that is moved only, where its neighbours leave room': async (visitor) => {
    const changes = await inPage(visitor, ({ place }) => {
      const others = [1024, 2048, 3072].map((order, i) => ({ id: `id${i}`, order }))
      return [0, 1, 2, 3].map((index) => place('moved', index, others))
    })
    same(changes, [0, 1536, 2560, 4096].map((order) => [{ id: 'moved', order }]))
  },
  'place() spreads the neighbours behind over the next gap where there is no room, and no more than these': async (visitor) => {
    const changes = await inPage(visitor, ({ place }) => {
      const others = [1, 2, 3, 5000].map((order, i) => ({ id: `id${i}`, order }))
      return place('moved', 1, others)
    })
    same(changes, [{ id: 'moved', order: 1250 }, { id: 'id1', order: 2499 }, { id: 'id2', order: 3748 }])
  },
  'a todo moves ten times into the same gap before another has to': async (visitor) => {
    const numbers = await inPage(visitor, ({ inOrder, place }) => {
      const todos = new Map([['first', { id: 'first', order: 1024 }], ['last', { id: 'last', order: 2048 }]])
      return Array.from({ length: 10 }, (_, i) => {
        const changes = place(`moved${i}`, 1, inOrder(todos.values()))
        for (const change of changes) todos.set(change.id, change)
        return changes.length
      })
    })
    same(numbers, Array.from({ length: 10 }, () => 1))
  },
  'a new todo comes after all others': async (visitor) => {
    const orders = await inPage(visitor, ({ orderAtEnd }) =>
      [[], [null], [5, null, 7], [2 ** 53]].map((each) => orderAtEnd(each.map((order) => ({ order })))),
    )
    same(orders, [1024, 1024, 1031, 2 ** 53])
  },
  'ids are UUIDs of version 7 that sort by when they were made': async (visitor) => {
    const [ids, before, after] = await inPage(visitor, ({ makeId }) => {
      const start = Date.now()
      return [Array.from({ length: 2000 }, makeId), start, Date.now()]
    })
    const form = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/
    same(ids.filter((id) => !form.test(id)), [])
    same([...ids].sort(), ids)
    same(new Set(ids).size, ids.length)
    const made = parseInt(ids[0].replace('-', '').slice(0, 12), 16)
    same([made >= before, made <= after + 5000], [true, true]) // the page may have made some before, each a millisecond ahead
  },
  'the list is in the order of the service: by order, those without one last, equal ones by id': async (visitor) => {
    const ids = await inPage(visitor, ({ inOrder }) => {
      const orders = { d: null, b: 3, a: 3, e: -7, c: null, f: 0 }
      return inOrder(Object.entries(orders).map(([id, order]) => ({ id, order }))).map(({ id }) => id)
    })
    same(ids, ['e', 'f', 'a', 'b', 'c', 'd'])
  },
  'ops are carried out one after the other, on a copy': async (visitor) => {
    const [before, after] = await inPage(visitor, ({ withOps }) => {
      const known = new Map([['a', { id: 'a', title: 'one', completed: false }], ['b', { id: 'b', title: 'two', completed: false }]])
      const ops = [
        { id: 'a', method: 'PATCH', body: { title: 'eins' } },
        { id: 'a', method: 'PATCH', body: { completed: true } },
        { id: 'b', method: 'DELETE' },
        { id: 'c', method: 'PUT', body: { title: 'three' } },
        { id: 'b', method: 'PATCH', body: { title: 'gone' } },
      ]
      const made = withOps(known, ops)
      return [[...known.values()], [...made.values()]]
    })
    same(before, [{ id: 'a', title: 'one', completed: false }, { id: 'b', title: 'two', completed: false }])
    same(after, [{ id: 'a', title: 'eins', completed: true }, { id: 'c', completed: false, order: null, notes: '', title: 'three' }])
  },
  'a conflict is a text that both have changed, each in another way': async (visitor) => {
    const conflicts = await inPage(visitor, ({ conflictsOf }) => {
      const op = { body: { title: 'mine', notes: 'mine', completed: true }, was: { title: 'old', notes: 'old', completed: false } }
      return [
        { title: 'old', notes: 'old', completed: false },
        { title: 'theirs', notes: 'old', completed: true },
        { title: 'mine', notes: 'theirs', completed: false },
        { title: 'theirs', notes: 'theirs', completed: false },
      ].map((now) => conflictsOf(op, now))
    })
    same(conflicts, [[], ['title'], ['notes'], ['title', 'notes']])
    const untouched = await inPage(visitor, ({ conflictsOf }) =>
      conflictsOf({ body: { completed: true }, was: { completed: false } }, { title: 'theirs', completed: true }),
    )
    same(untouched, [])
  },
  'a title is one line, as the service takes it': async (visitor) => {
    const texts = ['  a  b ', 'a\tb\nc', '\u0000a\u0007\u0007b\u0085', '\u2003 \t', 'a\ud800b', '👩‍👩‍👧 e\u0301']
    const cleaned = await inPage(visitor, ({ cleanTitle }, given) => given.map(cleanTitle), texts)
    same(cleaned, ['a  b', 'a b c', 'a b', '', 'a\ufffdb', '👩‍👩‍👧 e\u0301'])
  },
  'notes keep their lines': async (visitor) => {
    const texts = ['a\r\nb\rc\nd', ' a\tb \n\n ', '\u0000a\u001b\u007fb\u0085', '\udc00']
    const cleaned = await inPage(visitor, ({ cleanNotes }, given) => given.map(cleanNotes), texts)
    same(cleaned, ['a\nb\nc\nd', ' a\tb', 'ab', '\ufffd'])
  },
}
