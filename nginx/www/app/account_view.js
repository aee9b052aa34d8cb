// The dialog about the account: one form at a time.

import { html, nothing, render } from '../vendor/lit-html/lit-html.js'
import { sentenceOf, Unsent } from './account.js'

const email = (value = '') => html`
  <label>Email <input name="email" type="email" required maxlength="254" autocomplete="username" .defaultValue=${value} /></label>
`
const password = (name, label, autocomplete) => html`
  <label>
    ${label}
    <input name=${name} type="password" required minlength="8" maxlength="256" autocomplete=${autocomplete} />
  </label>
`
const newPassword = (label) => password('password', label, 'new-password')
const link = (to, text) => html`<button type="button" class="link" data-form=${to}>${text}</button>`
const submit = (text, kind = '') => html`<button class="main-button ${kind}">${text}</button>`

export class AccountDialog {
  #dialog
  #account
  #todos
  #form = 'visitor'
  #code = null
  #state = {}

  /** `todos()`: how many there are here. `tell(text)` shows a notice. */
  constructor(dialog, account, { todos, tell }) {
    this.#dialog = dialog
    this.#account = account
    this.#todos = todos
    this.tell = tell
    let isBeside = false // where the mouse was pressed: a selection of text may end beside the dialog
    dialog.addEventListener('pointerdown', ({ target }) => (isBeside = target === dialog))
    dialog.addEventListener('click', (event) => {
      if (event.target === dialog && isBeside) dialog.close()
      const to = event.target.closest('[data-form]')?.dataset.form
      if (to === 'close') dialog.close()
      else if (to) this.open(to)
    })
    dialog.addEventListener('input', () => this.#state.unsent && this.#show(this.#form, { wrong: '' })) // it may lose nothing now
    dialog.addEventListener('close', () => dialog.open || this.#empty()) // a password is not to stay in the page
    dialog.addEventListener('submit', (event) => {
      event.preventDefault()
      this.#submit(event.target, event.submitter?.value)
    })
  }

  open(form = this.#account.kind) {
    this.#show(form)
    if (!this.#dialog.open) this.#dialog.showModal()
    ;(this.#dialog.querySelector('input') ?? this.#dialog.querySelector('button')).focus()
    const unasked = () => this.#form === 'person' && this.#state.wrong === undefined
    if (form === 'person') this.#account.look().then(() => unasked() && this.#show('person'), () => {})
  }

  close() {
    this.#dialog.close()
  }

  /** For who follows a link of a mail. */
  async follow({ kind, code }) {
    this.#code = code
    if (kind === 'reset-password') return this.open('reset')
    try {
      await this.#account.verify(code)
      this.tell('Your email is verified.')
    } catch (error) {
      this.tell(`Your email is not verified. ${sentenceOf(error)}`)
    }
  }

  #show(form, state = {}) {
    this.#form = form
    this.#state = state
    const { title, body } = this.#forms[form]()
    render(
      html`
        <form class="account-form" data-kind=${form}>
          <header>
            <h2 id="account-title">${title}</h2>
            <button type="button" class="close" data-form="close" aria-label="Close"></button>
          </header>
          <p class="wrong" role="alert">${state.wrong ?? ''}</p>
          ${body}
        </form>
      `,
      this.#dialog,
    )
    if (state.wrong === undefined) this.#empty()
  }
  /** All fields are as they were at first. */
  #empty() {
    this.#dialog.querySelectorAll('input:not([type=checkbox])').forEach((input) => (input.value = input.defaultValue))
  }

  async #submit(form, choice) {
    const fields = Object.fromEntries(new FormData(form))
    const buttons = form.querySelectorAll('button')
    const focused = document.activeElement // the keyboard leaves a button that is disabled
    buttons.forEach((button) => (button.disabled = true))
    try {
      const begun = this.#form
      const said = await this.#actions[begun](fields, choice)
      const isOpen = this.#dialog.open
      this.#dialog.close()
      if (said) this.tell(said)
      if (begun === 'reset' && isOpen) this.open(this.#wayIn)
    } catch (error) {
      if (!this.#dialog.open) return this.tell(sentenceOf(error)) // closed meanwhile
      this.#show(this.#form, { wrong: sentenceOf(error), unsent: error instanceof Unsent && (choice || 'main') })
    } finally {
      buttons.forEach((button) => (button.disabled = false))
      if (this.#dialog.open) focused.focus()
    }
  }

  /** The form to sign in with. */
  get #wayIn() {
    return this.#account.kind === 'ended' ? 'ended' : 'signIn'
  }
  #signInButton() {
    return this.#state.unsent === 'main' ? submit('Sign in and lose them', 'risky') : submit('Sign in')
  }

  #actions = {
    visitor: async (fields) => {
      await this.#account.signUp(fields)
      return `Your todos are kept with ${this.#account.email}.`
    },
    signIn: async ({ bring, ...fields }) => {
      await this.#account.signIn({ ...fields, bring: bring === 'on', lose: this.#state.unsent === 'main' })
      return `Welcome back, ${fields.email}.`
    },
    ended: async (fields, choice) => {
      if (choice === 'forget') {
        await this.#account.forget({ lose: this.#state.unsent === 'forget' })
        return 'What was here has left this browser.'
      }
      await this.#account.signIn({ ...fields, lose: this.#state.unsent === 'main' })
      return `Welcome back, ${fields.email}.`
    },
    forgotten: async (fields) => {
      await this.#account.askForReset(fields)
      return `If ${fields.email} has an account, a mail with a link is on its way.`
    },
    reset: async (fields) => {
      await this.#account.reset(this.#code, fields)
      return 'The password is replaced. Sign in with the new one.'
    },
    person: async (fields, choice) => {
      if (choice === 'verify') {
        await this.#account.askForVerification()
        return `A mail with a link is on its way to ${this.#account.email}.`
      }
      await this.#account.signOut({ everywhere: choice === 'everywhere', lose: Boolean(this.#state.unsent) })
      return 'You are signed out.'
    },
    password: async (fields) => {
      await this.#account.change(fields)
      return 'The password is changed. Your other devices are signed out.'
    },
    email: async (fields) => {
      await this.#account.change(fields)
      return `Your email is ${fields.email} now.`
    },
    remove: async (fields) => {
      await this.#account.remove(fields)
      return 'Your account and its todos are gone.'
    },
    everybody: async () => {},
  }

  #forms = {
    visitor: () => ({
      title: 'Keep your todos',
      body: html`
        <p>They are in this browser and on the server, for you alone. With an email and a password you have them on your
          other devices too.</p>
        ${email()} ${newPassword('Password')} ${submit('Sign up')}
        <p>Have an account? ${link('signIn', 'Sign in')}</p>
      `,
    }),
    signIn: () => ({
      title: 'Sign in',
      body: html`
        ${email()} ${password('password', 'Password', 'current-password')}
        ${this.#account.kind === 'visitor' && this.#todos() > 0
          ? html`<label class="choice"><input type="checkbox" name="bring" checked /> Bring along what is on this list</label>`
          : nothing}
        ${this.#signInButton()}
        <p>${link('forgotten', 'Forgot the password?')} ${this.#account.kind === 'visitor' ? link('visitor', 'Sign up') : nothing}</p>
      `,
    }),
    ended: () => ({
      title: 'Sign in again',
      body: html`
        <p>Your session has ended. What you change meanwhile is kept here, and sent when you are back.</p>
        ${email(this.#account.email)} ${password('password', 'Password', 'current-password')}
        ${this.#signInButton()}
        <p>
          ${link('forgotten', 'Forgot the password?')}
          <button class="link" value="forget" formnovalidate>
            ${this.#state.unsent === 'forget' ? 'Remove and lose them' : 'Remove from this browser'}
          </button>
        </p>
      `,
    }),
    forgotten: () => ({
      title: 'Forgot the password?',
      body: html`
        <p>We send a link to your email. With it you choose a new password.</p>
        ${email(this.#account.email)} ${submit('Send the link')}
        <p>${link(this.#wayIn, 'Back to sign in')}</p>
      `,
    }),
    reset: () => ({
      title: 'Choose a new password',
      body: html`
        <p>You are signed out everywhere then, and sign in with the new one.</p>
        ${newPassword('New password')} ${submit('Set the password')}
      `,
    }),
    person: () => ({
      title: this.#account.email,
      body: html`
        ${this.#account.verified
          ? html`<p>Your email is verified.</p>`
          : html`<p>
              Your email is not verified yet.
              <button class="link" value="verify">Send me a link</button>
            </p>`}
        ${submit(this.#state.unsent ? 'Sign out and lose them' : 'Sign out', this.#state.unsent ? 'risky' : '')}
        <p>
          <button class="link" value="everywhere">Sign out everywhere</button>
          ${link('email', 'Change email')} ${link('password', 'Change password')} ${link('remove', 'Delete account')}
        </p>
      `,
    }),
    password: () => ({
      title: 'Change password',
      body: html`
        ${password('current_password', 'Password now', 'current-password')} ${newPassword('New password')}
        ${submit('Change it')}
        <p>${link('person', 'Back')}</p>
      `,
    }),
    email: () => ({
      title: 'Change email',
      body: html`
        ${email(this.#account.email)} ${password('current_password', 'Password', 'current-password')} ${submit('Change it')}
        <p>${link('person', 'Back')}</p>
      `,
    }),
    remove: () => ({
      title: 'Delete account',
      body: html`
        <p>The account and all its todos go, at once and for good.</p>
        ${password('password', 'Password', 'current-password')} ${submit('Delete all of it', 'risky')}
        <p>${link('person', 'Back')}</p>
      `,
    }),
    everybody: () => ({
      title: 'No accounts here',
      body: html`<p>This service runs without accounts: everybody who can reach it shares this list.</p>`,
    }),
  }
}
