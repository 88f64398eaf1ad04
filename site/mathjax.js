// Formulas: MathJax, its fonts and all it loads come from the site itself.
window.MathJax = {
  loader: {
    paths: { fonts: '[mathjax]/..', 'mathjax-newcm': '[mathjax]/../newcm' },
    load: ['a11y/assistive-mml']
  },
  output: { font: 'mathjax-newcm', displayOverflow: 'overflow', linebreaks: { inline: true } },
  options: {
    ...(window.MathJax && window.MathJax.options), // which parts of a page hold formulas: from MyST
    menuOptions: {
      settings: { enrich: false, speech: false, braille: false, assistiveMml: true, inTabOrder: false }
    }
  },
  startup: {
    // A formula that is wider than the page can be scrolled, also by keyboard.
    async pageReady() {
      await MathJax.startup.defaultPageReady();
      await document.fonts.ready;
      for (const box of document.querySelectorAll('div.math')) {
        if (box.scrollWidth > box.clientWidth + 1) {
          box.tabIndex = 0;
          box.setAttribute('role', 'group');
          box.setAttribute('aria-label', 'A wide formula');
        }
      }
      document.documentElement.dataset.formulas = 'ready';
    }
  }
};
