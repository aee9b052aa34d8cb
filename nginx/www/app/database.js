// What the browser keeps: IndexedDB. Stores: `todos` as the service confirmed them, `outbox` with the ops in the order they
// were made, `meta` with the account and what else all tabs have to know, `changes` with the number of the last change. A
// browser that refuses (a private window of some) has none of it: the page works, and forgets what is not sent when it is
// closed.

const kAtOnce = 100 // rows: the page is not to stand still for 1,000
const kStores = {
  todos: { keyPath: 'id' },
  outbox: { keyPath: 'key' },
  meta: { keyPath: 'name' },
  changes: { keyPath: 'number', autoIncrement: true },
}

const settled = (request) =>
  new Promise((resolve, reject) => {
    request.onsuccess = request.oncomplete = () => resolve(request.result)
    request.onerror = request.onabort = () => reject(request.error)
  })

export async function openDatabase() {
  try {
    const request = indexedDB.open('todos', 2)
    request.onupgradeneeded = () => {
      const { result } = request
      const missing = Object.keys(kStores).filter((name) => !result.objectStoreNames.contains(name))
      for (const name of missing) result.createObjectStore(name, kStores[name])
    }
    return new Database(await settled(request))
  } catch (error) {
    console.warn('Nothing is kept in this browser:', error)
    return null
  }
}

class Database {
  #database

  constructor(database) {
    this.#database = database
    database.onversionchange = () => database.close() // a newer page in another tab needs it: this one goes on in memory
  }

  /** All rows of `names`, as {name: rows}, of one moment. */
  async read(...names) {
    const transaction = this.#database.transaction(names, 'readonly')
    const rows = await Promise.all(names.map((name) => settled(transaction.objectStore(name).getAll())))
    return Object.fromEntries(names.map((name, i) => [name, rows[i]]))
  }

  /**
   * All of it or nothing: {clear, put: {store: rows}, remove: {store: keys}}. Resolves once it is kept: to its number, one
   * more than that of the change before, whichever tab made that.
   */
  async write({ clear = false, put = {}, remove = {} }) {
    const transaction = this.#database.transaction(Object.keys(kStores), 'readwrite')
    const store = (name) => transaction.objectStore(name)
    for (const name of clear ? Object.keys(kStores) : ['changes']) store(name).clear()
    const last = store('changes').add({}) // the browser counts on from those that are gone
    for (const [name, keys] of Object.entries(remove)) for (const key of keys) store(name).delete(key)
    for (const [name, rows] of Object.entries(put)) {
      for (const [i, row] of rows.entries()) {
        const request = store(name).put(row)
        if (i % kAtOnce === kAtOnce - 1) await settled(request)
      }
    }
    transaction.commit() // now, and not when the page is asked next: it may be closed by then
    await settled(transaction)
    return last.result
  }
}
