// Sends a file with tus-js-client as its users do, and prints the id of the job that came of it.
// Started again, it goes on where it was killed.
'use strict'

const fs = require('node:fs')
const path = require('node:path')
const tus = require('tus-js-client')

const [endpoint, token, file, chunk, storage] = process.argv.slice(2)

const upload = new tus.Upload(fs.createReadStream(file), {
  endpoint,
  chunkSize: Number(chunk),
  headers: { Authorization: `Bearer ${token}` },
  metadata: { filename: path.basename(file), filetype: 'text/csv', bad_rows: 'skip' },
  retryDelays: Array(20).fill(100),
  urlStorage: new tus.FileUrlStorage(storage),
  onError(error) {
    console.error(String(error))
    process.exit(1)
  },
  onSuccess({ lastResponse }) {
    console.log(lastResponse.getHeader('Playtally-Job'))
  },
})

upload.findPreviousUploads().then((earlier) => {
  if (earlier.length > 0) upload.resumeFromPreviousUpload(earlier[0])
  upload.start()
})
