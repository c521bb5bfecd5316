/** Hands a text to the person at the screen as a file. */
export function download(name: string, type: string, text: string): void {
  const address = URL.createObjectURL(new Blob([text], { type }))
  const link = document.createElement('a')
  link.href = address
  link.download = name
  link.click()
  // The browser takes what it needs during the click.
  setTimeout(() => URL.revokeObjectURL(address))
}
