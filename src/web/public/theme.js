// Applies the chosen appearance before anything is painted, so that it never flashes. Runs blocking, in every page.
;(() => {
  const theme = localStorage.getItem('sardonyx.theme')
  if (theme === 'light' || theme === 'dark') document.documentElement.dataset.theme = theme
  if (localStorage.getItem('sardonyx.motion') === 'reduced') document.documentElement.dataset.motion = 'reduced'
  const dark = theme === 'dark' || (theme !== 'light' && matchMedia('(prefers-color-scheme: dark)').matches)
  document.querySelector('meta[name="theme-color"]').content = dark ? '#10151a' : '#fbfaf7'
})()
