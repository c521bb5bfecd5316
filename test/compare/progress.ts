/** Progress on stderr. A terminal gets a line that is rewritten; a file gets a line for each measurement. */

export interface ProgressLine {
  /** Starts to show a new part. */
  show(text: string): void
  /** Removes the line. */
  end(): void
}

const REWRITE_MS = 500

export function startProgress(output: NodeJS.WriteStream, totalS: number): ProgressLine {
  const startMs = performance.now()
  let text = ''
  const write = (): void => {
    const leftS = Math.max(0, totalS - (performance.now() - startMs) / 1000)
    output.write(`\r\x1b[K${text}, about ${leftS.toFixed(0)} s left`)
  }
  const timer = output.isTTY ? setInterval(write, REWRITE_MS) : undefined
  return {
    show(part) {
      text = part
      if (output.isTTY) write()
      else output.write(`${text}\n`)
    },
    end() {
      clearInterval(timer)
      if (output.isTTY) output.write('\r\x1b[K')
    },
  }
}
