/**
 * Sets the theme that the address or the person's last choice names, before the browser draws the page. This file is a
 * classic script, because the browser runs a module only after it has drawn the page.
 */
{
  const remembered = (): string | null => {
    try {
      return localStorage.getItem('fourwire.theme')
    } catch {
      // The browser forbids storage.
      return null
    }
  }
  const theme = new URLSearchParams(location.search).get('theme') ?? remembered()
  if (theme === 'light' || theme === 'dark') document.documentElement.dataset['theme'] = theme
}
