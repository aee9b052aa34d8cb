// Who is signed in, and what a person can do about it. The forms are in account_view.js.

import { createOp } from './edits.js'
import { counted } from './list.js'
import { Busy, confirm, currentAccount, forgetSession, Offline, Refused, send, SignedOut, signIn } from './service.js'
import { asAccount, asDoubt } from './store.js'
import { Sync } from './sync.js'

/** A link of a mail: {kind, code}, or null. The code is taken out of the address, which is kept in the history. */
export function takeLink() {
  const [, kind, code] = /^#(verify-email|reset-password)=([\w.~-]+)$/.exec(location.hash) ?? []
  if (!kind) return null
  history.replaceState(null, '', '#/')
  return { kind, code }
}

/** A sentence for a person, whatever went wrong. */
export function sentenceOf(error) {
  if (error instanceof Offline) return 'The server cannot be reached. Try again when you are online.'
  if (error instanceof Busy) return `That was a lot at once. Try again in ${counted(Math.ceil(error.seconds), 'second')}.`
  if (error instanceof SignedOut) return 'You are signed out. Sign in first.'
  if (error instanceof Refused && error.code === 'wrong-credentials') return 'There is no account with this email and this password.'
  if (error instanceof Refused || error instanceof Hint) return error.message
  console.error(error)
  return 'That did not work.'
}

/** Not done, and why: for the person who asked. */
class Hint extends Error {}

export class Account {
  #store
  #sync

  constructor(store, sync) {
    this.#store = store
    this.#sync = sync
  }

  /** 'visitor', 'person', 'ended' (a person's session) or 'everybody' (of a service without accounts). */
  get kind() {
    const account = this.#store.account
    if (account?.ownerless) return 'everybody'
    if (account?.ended) return 'ended'
    return account?.email ? 'person' : 'visitor'
  }
  get email() {
    return this.#store.account?.email ?? ''
  }
  get verified() {
    return this.#store.account?.email_verified ?? false
  }

  /** The cookies are those of `account`: the service has just said so. */
  #becomes(account, change = {}) {
    return this.#store.commit({ ...change, put: { ...change.put, meta: asAccount(account) }, remove: { meta: ['doubt'] } })
  }
  /** With all that other tabs have written, and nobody signs in or out meanwhile, in no tab. */
  #alone(action) {
    return Sync.alone(async () => {
      await this.#store.catchUp()
      await action()
    })
  }
  /** The account as the service has it. */
  #update(method, body) {
    return this.#alone(async () => {
      const { json } = await send(method, '/v1/account', { body })
      if (json.id === this.#store.account?.id) await this.#becomes(json)
    })
  }
  /** The cookies may come without their answer, or this tab be closed: whoever goes on asks first whose they are. */
  async #begin(path, credentials) {
    await this.#store.commit({ put: { meta: asDoubt() } })
    return signIn(path, credentials)
  }

  async #claim(account, credentials) {
    try {
      return (await send('PATCH', '/v1/account', { body: credentials })).json
    } catch (error) {
      if (!(error instanceof Refused)) throw error
      const { json } = await send('GET', '/v1/account')
      if (!json.email || json.id !== account.id) throw error
      return json // it was done before, and no answer came
    }
  }

  /** The visitor's account gets an email and a password, and keeps its todos. */
  async signUp({ email, password }) {
    await this.#alone(async () => {
      const lost = this.#store.account ? null : await currentAccount({ look: true })
      const account = this.#store.account ?? (lost?.email ? null : lost)
      const credentials = { email, password }
      const next = account
        ? await this.#claim(account, credentials)
        : await this.#begin('/v1/accounts', credentials)
      await this.#becomes(next)
    })
    this.#sync.fetch()
  }

  /** `bring`: what a visitor has here goes into the account. `lose`: also where changes of another account wait here. */
  async signIn({ email, password, bring = false, lose = false }) {
    await this.#alone(async () => {
      const { account, ops } = this.#store
      const another = account?.email && account.email.toLowerCase() !== email.trim().toLowerCase()
      if (another && ops.length > 0 && !lose) throw new Unsent(ops.length)
      const next = await this.#begin('/v1/sessions', { email, password })
      const late = await this.#writtenSince(ops)
      if (next.id === account?.id) return this.#becomes(next)
      if (account?.email) await this.#keep(lose ? late : this.#store.ops)
      const mine = account?.email ? [] : [...this.#store.todos.values()]
      const brought = mine.filter(({ id }) => bring || late.some((op) => op.id === id && op.method === 'PUT'))
      await this.#becomes(next, { clear: true, put: { outbox: brought.map(createOp) } })
    })
    this.#sync.fetch()
  }

  /** `everywhere`: with all its sessions. `lose`: also where changes are not sent yet. */
  signOut({ everywhere = false, lose = false }) {
    return this.#leave(lose, async () => {
      try {
        await send('DELETE', everywhere ? '/v1/sessions' : '/v1/sessions/current')
      } catch (error) {
        if (!(error instanceof SignedOut)) throw error
      }
    })
  }

  /** What is here leaves this browser, whether the service can be told or not. */
  forget({ lose = false }) {
    return this.#leave(lose, () => {})
  }
  #leave(lose, farewell) {
    return this.#alone(async () => {
      const { ops } = this.#store
      if (ops.length > 0 && !lose) throw new Unsent(ops.length)
      await farewell()
      await this.#keep(await this.#writtenSince(ops))
      await this.#forget()
    })
  }

  /** What was written while the service was asked, here or in another tab: the ops that are none of `before`. */
  async #writtenSince(before) {
    await this.#store.catchUp()
    const keys = new Set(before.map(({ key }) => key))
    return this.#store.ops.filter(({ key }) => !keys.has(key))
  }
  /** Nobody has agreed to lose `ops`: they wait for who signs in again, as the session has ended already. */
  async #keep(ops) {
    if (ops.length === 0) return
    const { account } = this.#store
    if (account?.email) await this.#store.commit({ put: { meta: asAccount({ ...account, ended: true }) } })
    throw new Unsent(ops.length)
  }

  change(body) {
    return this.#update('PATCH', body)
  }

  async remove({ password }) {
    await Sync.alone(async () => {
      await send('DELETE', '/v1/account', { body: { password } })
      await this.#forget()
    })
  }

  #forget() {
    forgetSession()
    return this.#store.commit({ clear: true })
  }

  /** Whether the email was verified meanwhile, on another device for instance. */
  async look() {
    if (this.kind === 'person') await this.#update('GET')
  }

  askForVerification() {
    return send('POST', '/v1/email-verifications')
  }
  async verify(code) {
    await confirm('/v1/email-verifications/confirm', { code })
    await this.look()
  }
  askForReset({ email }) {
    return confirm('/v1/password-resets', { email })
  }
  reset(code, { password }) {
    return confirm('/v1/password-resets/confirm', { code, password })
  }
}

/** Changes that would be lost. */
export class Unsent extends Hint {
  constructor(number) {
    super(`${counted(number, 'change')} could not be sent yet, and would be lost.`)
  }
}
