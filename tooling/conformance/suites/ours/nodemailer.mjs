// nodemailer and smtp-server: messages, attachments, pools, logins, STARTTLS left out, servers that hang up.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { test } from 'node:test'
import { packaged, portOf } from './bed.mjs'

const { SMTPServer } = packaged('smtp-server')
const nodemailer = packaged('nodemailer')

/** @param {import('node:test').TestContext} t @param {object} [options] @param {object} [clientOptions] */
async function served(t, options, clientOptions) {
  /** @type {string[]} */
  const messages = []
  const server = new SMTPServer({
    authOptional: true,
    disabledCommands: ['STARTTLS'],
    logger: false,
    onData(/** @type {any} */ stream, /** @type {any} */ _session, /** @type {any} */ done) {
      let text = ''
      stream.on('data', (/** @type {Buffer} */ part) => {
        text += part
      })
      stream.on('end', () => {
        messages.push(text)
        done()
      })
    },
    ...options,
  })
  server.on('error', () => {})
  server.listen(0, '127.0.0.1')
  await once(server.server, 'listening')
  t.after(() => new Promise(resolve => server.close(resolve)))
  const transport = nodemailer.createTransport({
    host: '127.0.0.1',
    port: portOf(server.server),
    secure: false,
    ignoreTLS: true,
    ...clientOptions,
  })
  t.after(() => transport.close())
  return { transport, messages }
}

const message = { from: 'a@x.test', to: 'b@x.test', subject: 's', text: 'hello' }

test('a message with a large attachment', async t => {
  const { transport, messages } = await served(t)
  const content = Buffer.alloc(500_000, 'a')
  const { accepted } = await transport.sendMail({ ...message, attachments: [{ filename: 'f', content }] })
  assert.deepEqual(accepted, ['b@x.test'])
  assert.ok((messages[0] ?? '').length > 600_000)
})

test('a pool sends many', async t => {
  const { transport, messages } = await served(t, {}, { pool: true, maxConnections: 3 })
  await Promise.all(
    Array.from({ length: 30 }, (_, i) => transport.sendMail({ ...message, text: `number ${i}.` })),
  )
  assert.equal(new Set(messages.map(text => /number (\d+)\./.exec(text)?.[1])).size, 30)
})

test('a login, and a wrong one', async t => {
  const options = {
    authOptional: false,
    allowInsecureAuth: true,
    onAuth: (/** @type {any} */ auth, /** @type {any} */ _session, /** @type {any} */ done) =>
      auth.password === 'right' ? done(null, { user: 1 }) : done(new Error('wrong')),
  }
  const right = await served(t, options, { auth: { user: 'u', pass: 'right' } })
  await right.transport.sendMail(message)
  const wrong = await served(t, options, { auth: { user: 'u', pass: 'wrong' } })
  await assert.rejects(wrong.transport.sendMail(message), { code: 'EAUTH' })
})

test('a server that hangs up in the middle', async t => {
  const { transport } = await served(t, {
    onMailFrom(/** @type {any} */ _address, /** @type {any} */ session) {
      for (const one of this.connections) if (one.session === session) one._socket.destroy()
    },
  })
  await assert.rejects(transport.sendMail(message))
})

test('nobody listens', async () => {
  const transport = nodemailer.createTransport({ host: '127.0.0.1', port: 1 })
  await assert.rejects(transport.sendMail(message), { code: /^E/ })
})
