// The todos and the writes that wait, in memory, in the database, and the same in every tab. Whatever happens is one
// change: {clear, put: {store: rows}, remove: {store: keys}} (database.js). It shows at once, is kept a moment later, and
// the other tabs hear of it then. These are processes of their own: what several of them tell comes in any order, and later
// than a lock. So each change that is kept has a number, and a tab knows what it has read already, or not heard of yet.

import { openDatabase } from './database.js'
import { afterId, inOrder, withOps } from './list.js'

export class Store extends EventTarget {
  #database = null
  #channel = new BroadcastChannel('todos')
  #known = new Map()
  #ops = new Map()
  #account = null
  #busyUntil = 0
  #doubt = null
  #beginning = null // of what is here: an id that changes when all of it is cleared
  // Numbers of changes: the last one when the database was read, the last one now, and #read with one for each since then.
  #read = 0
  #last = 0
  #shown = 0
  // What is made from the above when somebody asks.
  #inTurn = null
  #opsOf = null
  #todos = null

  static async open() {
    const store = new Store()
    const early = [] // from other tabs, while this one is still reading
    store.#channel.onmessage = ({ data }) => early.push(data)
    store.#database = await openDatabase()
    if (store.#database) store.#take(await store.#database.read('todos', 'outbox', 'meta', 'changes'))
    early.forEach((change) => store.#hear(change))
    store.#channel.onmessage = ({ data }) => store.#hear(data)
    return store
  }

  /** As the service has them: id -> todo. */
  get known() {
    return this.#known
  }
  /** In the order they were made. */
  get ops() {
    this.#inTurn ??= [...this.#ops.values()].sort((left, right) => (left.key < right.key ? -1 : 1))
    return this.#inTurn
  }
  opsOf(id) {
    this.#opsOf ??= groupById(this.ops)
    return this.#opsOf.get(id) ?? []
  }
  /** {id, email, email_verified, ...}; null while there is none. */
  get account() {
    return this.#account
  }
  /** The server wants to be left alone until then, by all tabs: ms as Date.now() has them. */
  get busyUntil() {
    return this.#busyUntil
  }
  /** Changes each time that the cookies may have become another account's, for all tabs; null where there is none. */
  get doubt() {
    return this.#doubt
  }
  /** What the page shows: id -> todo, in their order. */
  get todos() {
    this.#todos ??= new Map(inOrder(withOps(this.#known, this.ops).values()).map((todo) => [todo.id, todo]))
    return this.#todos
  }

  /** Resolves once the change is kept and the other tabs know. */
  async commit({ ...change }) {
    if (change.clear) change.put = { ...change.put, meta: [...(change.put?.meta ?? []), beginning()] }
    this.#shown += 1
    this.#show(change)
    let number // none where nothing is kept
    try {
      number = await this.#database?.write(change)
      this.#last = Math.max(this.#last, number ?? 0)
    } catch (error) {
      this.#goOnInMemory(error)
    }
    this.#channel.postMessage({ ...change, number })
  }

  /** What other tabs have written and this one may not have heard of yet: before anything is sent. */
  async catchUp() {
    try {
      let rows, before
      do {
        before = this.#shown
        rows = await this.#database?.read('outbox', 'meta', 'changes')
        const missed = rows && (numberIn(rows) !== before || beginningIn(rows) !== this.#beginning)
        if (missed) rows = await this.#database?.read('todos', 'outbox', 'meta', 'changes')
      } while (before !== this.#shown) // what was shown meanwhile may not be among them
      if (rows) this.#take(rows)
    } catch (error) {
      this.#goOnInMemory(error)
    }
  }
  /** `rows` of the database instead of what is here. */
  #take(rows) {
    this.#read = this.#last = this.#shown = numberIn(rows)
    if (rows.todos) this.#known.clear()
    this.#ops.clear()
    this.#account = this.#doubt = null
    this.#busyUntil = 0
    this.#show({ clear: beginningIn(rows) !== this.#beginning, put: rows })
  }
  /** A change of another tab. What has been read may be over by now, and so may what comes out of turn. */
  #hear({ number, ...change }) {
    if (number <= this.#read) return
    if (number < this.#last && this.#database) return this.catchUp()
    if (number) {
      this.#shown += 1
      this.#last = number
    }
    this.#show(change)
  }

  /** The disk is full, or the browser has taken the database away: what is shown here counts. */
  #goOnInMemory(error) {
    console.warn('This browser keeps nothing any more:', error)
    if (this.#database) this.dispatchEvent(new Event('forgetful'))
    this.#database = null
  }

  #show({ clear = false, put = {}, remove = {} }) {
    if (clear) {
      this.#known.clear()
      this.#ops.clear()
      this.#account = this.#doubt = null
      this.#busyUntil = 0
    }
    for (const id of remove.todos ?? []) this.#known.delete(id)
    for (const key of remove.outbox ?? []) this.#ops.delete(key)
    if (remove.meta?.includes('account')) this.#account = null
    if (remove.meta?.includes('doubt')) this.#doubt = null
    for (const todo of put.todos ?? []) this.#known.set(todo.id, todo)
    for (const op of put.outbox ?? []) {
      this.#ops.set(op.key, op)
      afterId(op.key)
    }
    for (const row of put.meta ?? []) {
      if (row.name === 'account') this.#account = row.account
      if (row.name === 'doubt') this.#doubt = row.id
      if (row.name === 'busy') this.#busyUntil = row.until
      if (row.name === 'beginning') this.#beginning = row.id
    }
    this.#inTurn = this.#opsOf = this.#todos = null
    if (clear) this.dispatchEvent(new Event('cleared'))
    this.dispatchEvent(new Event('change'))
  }
}

function groupById(ops) {
  const groups = new Map()
  for (const op of ops) groups.set(op.id, [...(groups.get(op.id) ?? []), op])
  return groups
}

/** The number of the last change before `rows` were read. */
const numberIn = ({ changes }) => changes[0]?.number ?? 0
const beginningIn = ({ meta }) => meta.find(({ name }) => name === 'beginning')?.id ?? null

// Rows of `meta`.
const beginning = () => ({ name: 'beginning', id: crypto.randomUUID() })
export const asAccount = (account) => [{ name: 'account', account }]
export const asDoubt = () => [{ name: 'doubt', id: crypto.randomUUID() }]
export const asBusy = (until) => [{ name: 'busy', until }]
