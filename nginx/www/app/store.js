// The todos and the writes that wait, in memory, in the database, and the same in every tab. Whatever happens is one
// change: {clear, put: {store: rows}, remove: {store: keys}} (database.js). It shows at once, is kept a moment later, and
// the other tabs hear of it then.

import { openDatabase } from './database.js'
import { afterId, inOrder, withOps } from './list.js'

export class Store extends EventTarget {
  #database = null
  #channel = new BroadcastChannel('todos')
  #known = new Map()
  #ops = new Map()
  #account = null
  #changes = 0
  // What is made from the above when somebody asks.
  #inTurn = null
  #opsOf = null
  #todos = null

  static async open() {
    const store = new Store()
    const early = [] // from other tabs, while this one is still reading
    store.#channel.onmessage = ({ data }) => early.push(data)
    store.#database = await openDatabase()
    if (store.#database) store.#show({ put: await store.#database.read('todos', 'outbox', 'meta') })
    early.forEach((change) => store.#show(change))
    store.#channel.onmessage = ({ data }) => store.#show(data)
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
  /** What the page shows: id -> todo, in their order. */
  get todos() {
    this.#todos ??= new Map(inOrder(withOps(this.#known, this.ops).values()).map((todo) => [todo.id, todo]))
    return this.#todos
  }

  /** Resolves once the change is kept and the other tabs know. */
  async commit(change) {
    this.#show(change)
    try {
      await this.#database?.write(change)
    } catch (error) {
      this.#goOnInMemory(error)
    }
    this.#channel.postMessage(change)
  }

  /** What other tabs have written and this one may not have heard of yet: before anything is sent. */
  async catchUp() {
    try {
      let rows, before
      do {
        before = this.#changes
        rows = await this.#database?.read('outbox', 'meta')
      } while (before !== this.#changes) // what was shown meanwhile may not be among them
      if (!rows) return
      this.#ops.clear()
      this.#account = null
      this.#show({ put: rows })
    } catch (error) {
      this.#goOnInMemory(error)
    }
  }

  /** The disk is full, or the browser has taken the database away: what is shown here counts. */
  #goOnInMemory(error) {
    console.warn('This browser keeps nothing any more:', error)
    if (this.#database) this.dispatchEvent(new Event('forgetful'))
    this.#database = null
  }

  #show({ clear = false, put = {}, remove = {} }) {
    this.#changes += 1
    if (clear) {
      this.#known.clear()
      this.#ops.clear()
      this.#account = null
    }
    for (const id of remove.todos ?? []) this.#known.delete(id)
    for (const key of remove.outbox ?? []) this.#ops.delete(key)
    if (remove.meta?.includes('account')) this.#account = null
    for (const todo of put.todos ?? []) this.#known.set(todo.id, todo)
    for (const op of put.outbox ?? []) {
      this.#ops.set(op.key, op)
      afterId(op.key)
    }
    for (const row of put.meta ?? []) if (row.name === 'account') this.#account = row.account
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

export const asAccount = (account) => [{ name: 'account', account }]
