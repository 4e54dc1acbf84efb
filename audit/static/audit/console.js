'use strict';
// Keyboard shortcuts and the palette. Everything here is a convenience: each target is also a link or a button,
// and palette, help and menu open without script (popovertarget). Nothing is fetched, nothing is counted down.
(() => {
  const palette = document.getElementById('palette');
  const help = document.getElementById('shortcuts');
  const toggle = document.getElementById('keys-toggle');
  const rows = [...document.querySelectorAll('[data-row-link]')];
  const typing = el => el.matches('input, select, textarea, [contenteditable]');
  let going = 0;      // the moment "g" was pressed

  // WCAG 2.1.4: single-key shortcuts can be turned off. The admin keeps the choice in the user's profile.
  const keysOn = () => localStorage.getItem('keys') !== 'off';
  const showKeys = () => { if (toggle) toggle.checked = keysOn(); };
  toggle?.addEventListener('change', () => localStorage.setItem('keys', toggle.checked ? 'on' : 'off'));
  showKeys();

  const openPalette = () => {
    palette?.showPopover();
    palette?.querySelector('input')?.focus();
  };

  // j and k move along the rows of the page's main list; Enter follows the focused link as anywhere
  const move = step => {
    const at = rows.findIndex(a => a.closest('tr, li').contains(document.activeElement));
    const next = rows[Math.max(0, Math.min(rows.length - 1, at + step))];
    next?.focus();
    next?.scrollIntoView({ block: 'nearest' });
  };

  document.addEventListener('keydown', event => {
    if ((event.ctrlKey || event.metaKey) && event.key === 'k') {
      event.preventDefault();
      return openPalette();
    }
    if (event.ctrlKey || event.metaKey || event.altKey || typing(event.target) || !keysOn()) return;
    const go = Date.now() - going < 1200 && document.querySelector(`#console-nav [data-key="${CSS.escape(event.key)}"]`);
    going = 0;
    if (go) return go.click();
    switch (event.key) {
      case '/': event.preventDefault(); return openPalette();
      case '?': return help?.togglePopover();
      case 'g': going = Date.now(); return;
      case 'j': return move(1);
      case 'k': return move(-1);
    }
  });

  // What is typed narrows the list of pages; submitting asks the server's resolver
  palette?.querySelector('input')?.addEventListener('input', event => {
    const words = event.target.value.trim().toLowerCase();
    for (const item of palette.querySelectorAll('li')) {
      item.hidden = Boolean(words) && !item.textContent.toLowerCase().includes(words);
    }
  });
})();
