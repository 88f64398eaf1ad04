// Names for two controls of the theme that have none, or one that differs from what is shown.
document.addEventListener('DOMContentLoaded', () => {
  for (const toggle of document.querySelectorAll('.bd-sidenav summary')) {
    const entry = toggle.closest('li').querySelector('a');
    toggle.setAttribute('aria-label', `Pages under ${entry.textContent.trim()}`);
  }
  for (const button of document.querySelectorAll('.search-button-field')) {
    button.removeAttribute('aria-label');
  }
});
