// The program that speaks libas2 (MIT): run by node from the folder it is installed in; a JSON object a line in and out.
'use strict'
const readline = require('readline')
const { createRequire } = require('module')
const { AS2MimeNode, AS2Parser } = createRequire(process.cwd() + '/')('libas2')

const done = {
  // A message from libas2 to us.
  async build (said) {
    const content = Buffer.from(said.content, 'base64')
    const options = { contentType: said.media, content, filename: 'po.edi', headers: said.headers }
    if (said.sign) options.sign = { cert: said.cert, key: said.key, algorithm: said.sign }
    if (said.encrypt) options.encrypt = { cert: said.theirs, encryption: said.encrypt }
    const whole = await new AS2MimeNode(options).build()
    return { raw: whole.toString('base64') }
  },
  // A message of ours as libas2 takes it, with its receipt.
  async parse (said) {
    const node = await AS2Parser.parse(Buffer.from(said.raw, 'base64'))
    const found = await node.dispositionOut({
      agreement: {
        host: { id: 'ACME', certificate: said.cert, privateKey: said.key, decrypt: said.encrypted },
        partner: { id: 'HOUSE', certificate: said.theirs, verify: said.signed, mdn: { signing: said.mdn } }
      }
    })
    const content = found.contentNode ? Buffer.from(found.contentNode.content) : Buffer.alloc(0)
    const mdn = await found.dispositionNode.build()
    return { content: content.toString('base64'), mdn: mdn.toString('base64') }
  },
  // A receipt of ours as libas2 reads it.
  async parse_mdn (said) {
    const node = await AS2Parser.parse(Buffer.from(said.raw, 'base64'))
    const found = await node.dispositionIn(said.signed ? { cert: said.theirs } : undefined)
    const notification = found.notification
    return {
      id: notification.originalMessageId,
      processed: notification.disposition.processed,
      mic: notification.receivedContentMic ? notification.receivedContentMic.mic : null
    }
  }
}

readline.createInterface({ input: process.stdin }).on('line', async line => {
  const said = JSON.parse(line)
  let answer
  try {
    answer = await done[said.do](said)
  } catch (error) {
    answer = { error: String(error && error.stack) }
  }
  process.stdout.write(JSON.stringify(answer) + '\n')
})
