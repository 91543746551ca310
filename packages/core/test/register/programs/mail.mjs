// nodemailer to smtp-server, with an attachment, in clear text and after STARTTLS.
import nodemailer from 'nodemailer'
import { SMTPServer } from 'smtp-server'
import { payload, report, sum } from './report.mjs'

const received = []
const server = new SMTPServer({
  authOptional: true,
  size: 64 << 20,
  onData(stream, _session, done) {
    stream.toArray().then(chunks => {
      received.push(Buffer.concat(chunks).toString('latin1'))
      done()
    }, done)
  },
})
await new Promise(resolve => server.listen(0, '127.0.0.1', resolve))
const { port } = server.server.address()

const attachment = payload(8 << 20)
async function send(options) {
  const transport = nodemailer.createTransport({
    host: '127.0.0.1',
    port,
    tls: { rejectUnauthorized: false },
    ...options,
  })
  const info = await transport.sendMail({
    from: 'a@example.com',
    to: 'b@example.com',
    subject: 'a file',
    attachments: [{ filename: 'file.bin', content: attachment.data }],
  })
  transport.close()
  return info.response.slice(0, 3)
}

const plain = await send({ ignoreTLS: true })
const secure = await send({ requireTLS: true })
await new Promise(resolve => server.close(resolve))
const refused = await send({ ignoreTLS: true }).catch(error => error.code)

function fileOf(mail) {
  const part = mail.slice(mail.indexOf('filename=file.bin'))
  const body = part.slice(part.indexOf('\r\n\r\n'), part.indexOf('\r\n--'))
  return Buffer.from(body, 'base64')
}
report({ plain, secure, files: received.map(mail => sum(fileOf(mail)) === attachment.sum), refused })
