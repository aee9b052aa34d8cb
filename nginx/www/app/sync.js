// Sends what waits in the outbox, and fetches what others have changed. One tab does so at a time. An op leaves the outbox
// when the service has confirmed or refused it; an answer that is lost costs nothing, as each op is repeated with its
// Idempotency-Key.

import { createOp } from './edits.js'
import { conflictsOf, counted, makeId, tagOf } from './list.js'
import { Busy, currentAccount, hasAccounts, Offline, readAll, Refused, send, SignedOut, signIn } from './service.js'
import { asAccount, asBusy } from './store.js'

const kLanes = 4 // of the six connections that a browser has to a server
const kPace = 100 // ms an op takes its lane: 40 a second, and a token may do 50
const kTurn = 3000 // ms: then others may have the lock, who want to sign in for instance
const kFetchEvery = 300_000 // ms, while somebody looks
const kFetchAgain = 10_000 // ms, when somebody looks again
const kLongestWait = 30 // s between two tries
const kMostBusy = 600 // s: where it is longer, the clock was set back
const kRescueAgain = 60_000 // ms: a browser that keeps no cookies would make an account each time

const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms))

export class Sync extends EventTarget {
  #store
  #running = false
  #wanted = false
  #timer = 0
  #failures = 0
  #fetched = -Infinity
  #fetchDue = true
  #rescued = -Infinity
  #resolved = undefined // the store's doubt, since it was asked whose the cookies are
  /** {kind: 'idle', 'sending', 'offline', 'busy' (with `until`), 'signed-out' or 'trouble' (with `text`)}. */
  status = { kind: 'idle' }

  constructor(store) {
    super()
    this.#store = store
    store.addEventListener('change', () => this.#heed())
    addEventListener('online', () => this.fetch())
    addEventListener('offline', () => this.#say({ kind: 'offline' }))
    document.addEventListener('visibilitychange', () => {
      if (!document.hidden && performance.now() - this.#fetched > kFetchAgain) this.fetch()
    })
    setInterval(() => document.hidden || this.fetch(), kFetchEvery)
  }

  #heed() {
    const ended = this.#store.account?.ended ?? false
    const told = this.status.kind === 'signed-out'
    if (ended && !told) this.#say({ kind: 'signed-out' }) // another tab has found out
    if ((told && !ended) || (this.#store.ops.length > 0 && !this.#running && !this.#timer)) this.wake()
  }

  /** As soon as possible. */
  fetch() {
    this.#fetchDue = true
    this.wake()
  }
  wake() {
    this.#wanted = true
    if (this.status.kind === 'busy' && this.#timer) return
    clearTimeout(this.#timer)
    this.#timer = 0
    if (!this.#running) this.#run()
  }
  /** While `action` runs nothing is sent: it changes who is signed in. */
  static alone(action) {
    return navigator.locks.request('todos-sending', action)
  }

  async #run() {
    this.#running = true
    while (this.#wanted) {
      this.#wanted = false
      try {
        await Sync.alone(() => this.#work())
        this.#failures = 0
        this.#say({ kind: 'idle' })
        this.#wanted ||= this.#next(new Set()) !== null // it came while the last of the work was done
      } catch (error) {
        this.#wanted = false
        this.#stumble(error)
      }
    }
    this.#running = false
  }

  #stumble(error) {
    if (error instanceof SignedOut) return this.#say({ kind: 'signed-out' })
    let wait = Math.min(2 ** this.#failures++, kLongestWait)
    if (error instanceof Offline) {
      this.#say({ kind: 'offline' })
    } else if (error instanceof Busy) {
      wait = error.seconds
      this.#say({ kind: 'busy', until: Date.now() + wait * 1000 })
    } else {
      console.warn(error)
      this.#say({ kind: 'trouble', text: error.message })
    }
    this.#timer = setTimeout(() => {
      this.#timer = 0
      this.wake()
    }, wait * 1000)
  }

  #say(status) {
    this.status = status
    this.dispatchEvent(new Event('status'))
  }
  #tell(text) {
    this.dispatchEvent(new CustomEvent('notice', { detail: text }))
  }

  async #work() {
    await this.#store.catchUp()
    const seconds = (this.#store.busyUntil - Date.now()) / 1000
    if (seconds > 0 && seconds < kMostBusy) throw new Busy(seconds)
    try {
      await this.#introduce()
      if (!this.#store.account) return
      await this.#sendAll()
      if (this.#fetchDue && !this.#next(new Set())) await this.#fetch()
    } catch (error) {
      // Kept before another tab has its turn: what is in localStorage may reach that one later.
      if (error instanceof Busy) await this.#store.commit({ put: { meta: asBusy(Date.now() + error.seconds * 1000) } })
      if (!(error instanceof SignedOut)) throw error
      await this.#rescue()
    }
  }

  /** Who has written nothing yet has no account. */
  async #introduce() {
    const { account, ops } = this.#store
    if (account?.ended) throw new SignedOut()
    if (account) return this.#identify(account)
    let next = { ownerless: true }
    if (await hasAccounts()) {
      next = await currentAccount({ look: ops.length > 0 }) // the browser may have thrown away all but the cookies
      if (!next && ops.length === 0) return
      next ??= await signIn('/v1/accounts', {})
    }
    await this.#store.commit({ put: { meta: asAccount(next) } })
    this.#resolved = this.#store.doubt
  }

  /** The cookies may be somebody else's: a sign-in of which no answer came has changed them. */
  async #identify(account) {
    if (account.ownerless || this.#resolved === this.#store.doubt) return
    const now = await currentAccount({ look: true })
    if (!now || (account.email && now.id !== account.id)) throw new SignedOut()
    if (now.id !== account.id) await this.#store.commit(this.#anew(now))
    else if (now.email !== account.email) await this.#store.commit({ put: { meta: asAccount(now) } })
    this.#resolved = this.#store.doubt
  }

  /** Others than a visitor can sign in again. His session cannot be begun again: another account takes what is here. */
  async #rescue() {
    const { account } = this.#store
    if (account.email) {
      if (!account.ended) await this.#store.commit({ put: { meta: asAccount({ ...account, ended: true }) } })
      throw new SignedOut()
    }
    if (performance.now() - this.#rescued < kRescueAgain) throw new Error('This browser keeps no cookies of this page.')
    this.#rescued = performance.now()
    await this.#store.commit(this.#anew(null))
    this.#wanted = true
  }
  /** All that is here becomes new, in the account `next`, or in none yet. */
  #anew(next) {
    const { known, ops, todos } = this.#store
    return {
      remove: { todos: [...known.keys()], outbox: ops.map(({ key }) => key), meta: ['account'] },
      put: { outbox: [...todos.values()].map(createOp), meta: next ? asAccount(next) : [] },
    }
  }

  /** The first op that may go now: none of a todo in `away`, or behind one that was refused. */
  #next(away) {
    const stuck = new Set(away)
    for (const op of this.#store.ops) {
      if (!stuck.has(op.id) && !op.problem) return op
      stuck.add(op.id)
    }
    return null
  }

  async #sendAll() {
    const away = new Set() // ids: one todo's ops go one after the other
    const end = performance.now() + kTurn
    let failure = null
    const lane = async () => {
      for (let op; !failure && performance.now() < end && (op = this.#next(away)); ) {
        away.add(op.id)
        this.#say({ kind: 'sending' })
        try {
          await Promise.all([this.#send(op), pause(kPace)])
        } catch (error) {
          failure ??= error
        }
        away.delete(op.id)
      }
    }
    await Promise.all(Array.from({ length: kLanes }, lane))
    if (failure) throw failure
  }

  async #send(op) {
    const now = this.#store.known.get(op.id) // others may have changed it since the op was made
    if (op.method !== 'PUT' && !now) return this.#overtaken(op)
    if (op.method !== 'PUT' && conflictsOf(op, now).length > 0) return this.#collide(op, now)
    const condition = op.method === 'PUT' ? { 'If-None-Match': '*' } : { 'If-Match': tagOf(now) }
    try {
      const headers = { 'Idempotency-Key': op.key, ...condition }
      const { json } = await send(op.method, `/v1/todos/${op.id}`, { body: op.body, headers })
      if (!json && op.method !== 'DELETE') throw new Offline() // whoever answered, it was not the service
      await this.#confirmed([op], json)
    } catch (error) {
      if (!(error instanceof Refused)) throw error
      if ([404, 410, 412].includes(error.status)) await this.#overtaken(op)
      else await this.#store.commit({ put: { outbox: [{ ...op, problem: error.message }] } })
    }
  }

  /** `ops` of one todo are done with. `now`: the todo as the service has it, null where there is none. */
  #confirmed(ops, now) {
    return this.#store.commit({
      put: { todos: now ? [now] : [] },
      remove: { todos: now ? [] : [ops[0].id], outbox: ops.map(({ key }) => key) },
    })
  }

  /** Somebody else has changed or removed the todo, or the op was carried out long ago. */
  async #overtaken(op) {
    const now = await this.#read(op.id)
    if (!now) return this.#gone(op)
    if (op.method === 'PUT') return this.#confirmed([op], now)
    if (conflictsOf(op, now).length > 0) return this.#collide(op, now)
    await this.#store.commit({ put: { todos: [now] } }) // the op goes again
  }

  /** Mine and theirs cannot both be. */
  #collide(op, now) {
    const mine = this.#store.opsOf(op.id)
    if (mine.at(-1).method === 'DELETE') {
      this.#tell(`“${now.title}” was changed elsewhere, so it stays.`)
      return this.#confirmed(mine, now)
    }
    return op.method === 'DELETE' ? this.#confirmed([op], now) : this.#keepCopy(op.id, now) // the former was undone here
  }

  /** What somebody has typed is not dropped, nor what was brought back by an undo. */
  #gone(op) {
    if (op.method === 'DELETE') return this.#confirmed([op], null)
    const ops = this.#store.opsOf(op.id)
    const typed = ({ method, body }) => method === 'PATCH' && ('title' in body || 'notes' in body)
    const back = ({ method, key }) => method === 'PUT' && key > op.key
    return ops.some((one) => typed(one) || back(one)) ? this.#keepCopy(op.id, null) : this.#confirmed(ops, null)
  }

  /** Shows `now`, and mine, with all that was done to it here, as a todo of its own beside it. */
  async #keepCopy(id, now) {
    const mine = this.#store.todos.get(id)
    const copy = mine && createOp({ ...mine, id: makeId(), order: now ? now.order : mine.order })
    await this.#store.commit({
      put: { todos: now ? [now] : [], outbox: copy ? [copy] : [] },
      remove: { todos: now ? [] : [id], outbox: this.#store.opsOf(id).map(({ key }) => key) },
    })
    if (mine) this.#tell(`“${mine.title}” was ${now ? 'changed' : 'deleted'} elsewhere. Your version is kept as a copy.`)
  }

  async #read(id) {
    try {
      return (await send('GET', `/v1/todos/${id}`)).json
    } catch (error) {
      if (error instanceof Refused && error.status === 404) return null
      throw error
    }
  }

  async #fetch() {
    this.#fetchDue = false // before: who asks while the list is on its way gets another one
    const todos = await readAll().catch((error) => {
      this.#fetchDue = true
      throw error
    })
    this.#fetched = performance.now()
    const { known } = this.#store
    const same = (todo) => known.has(todo.id) && tagOf(known.get(todo.id)) === tagOf(todo)
    const ids = new Set(todos.map(({ id }) => id))
    const changed = todos.filter((todo) => !same(todo))
    const changing = (id) => this.#store.opsOf(id).length > 0 // since the list was asked for: its turn comes
    const gone = [...known.keys()].filter((id) => !ids.has(id) && !changing(id))
    if (changed.length + gone.length > 0) await this.#store.commit({ put: { todos: changed }, remove: { todos: gone } })
  }

  /** The first op that was refused: {key, title, problem}, where `problem` is what the service said of it; or null. */
  problem() {
    const op = this.#store.ops.find((one) => one.problem)
    if (!op) return null
    const { known, todos } = this.#store
    const { title } = { ...op.was, ...op.body, ...known.get(op.id), ...todos.get(op.id) }
    return { key: op.key, title, problem: op.problem }
  }
  /** All that were refused. */
  tryAgain() {
    const ops = this.#store.ops.filter((op) => op.problem).map(({ problem, ...op }) => op)
    this.#store.commit({ put: { outbox: ops } })
    this.wake()
  }
  /** The op of that key, and what else waits for its todo; the next problem shows then. */
  giveUp(key) {
    const op = this.#store.ops.find((one) => one.key === key)
    if (!op) return // another tab was quicker
    const ops = this.#store.opsOf(op.id)
    this.#store.commit({ remove: { outbox: ops.map((one) => one.key) } })
    this.#tell(`${counted(ops.length, 'change')} given up.`)
    this.fetch()
  }
}
