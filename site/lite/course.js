/* What the course adds to JupyterLite. Each of its pages runs this before it starts.

   1. A student's saved copy is never silently old. A notebook says in its metadata which text it
      was given. Where that is no longer the text of today, a copy in which nothing was written
      makes way for the new lesson; else it is kept, and the new one is laid beside it.
   2. A cell that announces its error (tag raises-exception) does not stop "Run All Cells".
   3. A first visitor is told where work is saved. */

const ROOT = new URL('.', import.meta.url);
const STORAGE = `JupyterLite Storage - ${ROOT.pathname}`;

// ---------------------------------------------------------------- saved copies

/* The fingerprint of what a person could have written, as in lite.py: a CRC-32. */
function fingerprint(notebook) {
  const written = notebook.cells.map(cell => [cell.cell_type, [cell.source].flat().join('')]);
  const text = written.filter(([, source]) => source.trim())
    .map(([kind, source]) => `${kind}\0${source}\0`).join('');
  let crc = -1;
  for (const byte of new TextEncoder().encode(text)) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (crc & 1 ? 0xedb88320 : 0);
  }
  return (~crc >>> 0).toString(16).padStart(8, '0');
}

const answer = request => new Promise((resolve, reject) => {
  request.onsuccess = () => resolve(request.result);
  request.onerror = () => reject(request.error);
});

async function openStorage() {
  const found = (await indexedDB.databases()).some(({ name }) => name === STORAGE);
  const storage = found && await answer(indexedDB.open(STORAGE));
  if (!storage || storage.objectStoreNames.contains('files')) return storage;
  storage.close();
  return null;
}

const files = storage => storage.transaction('files', 'readwrite').objectStore('files');

/* Bring the saved copies up to date; return a sentence for each that is worth a word. */
async function refresh() {
  const storage = await openStorage();
  if (!storage) return [];
  try {
    const lessons = await (await fetch(new URL('lessons.json', ROOT), { cache: 'no-cache' })).json();
    const sentences = [];
    for (const path of await answer(files(storage).getAllKeys())) {
      const copy = path in lessons && await answer(files(storage).get(path));
      if (copy?.content?.metadata && copy.content.metadata.course?.text !== lessons[path]) {
        sentences.push(await update(storage, path, copy));
      }
    }
    return sentences;
  } finally {
    storage.close();
  }
}

/* Return 05_x.new.ipynb, or .new2, .new3: what lies there may have been written in. */
async function freeName(storage, path) {
  const taken = await answer(files(storage).getAllKeys());
  for (let number = 1; ; number++) {
    const beside = path.replace('.ipynb', `.new${number > 1 ? number : ''}.ipynb`);
    if (!taken.includes(beside)) return beside;
  }
}

/* Update one saved copy of an older lesson. */
async function update(storage, path, copy) {
  const given = copy.content.metadata.course?.text;
  const url = new URL(`files/${encodeURI(path)}`, ROOT);
  const content = await (await fetch(url, { cache: 'reload' })).json(); // the browser's own copy, too
  if (fingerprint(copy.content) === given) {
    await answer(files(storage).delete(path));
    return `${path} has a newer version; you had not changed it.`;
  }
  const beside = await freeName(storage, path);
  const name = beside.split('/').pop();
  await answer(files(storage).put({ ...copy, name, path: beside, content }, beside));
  copy.content.metadata.course = content.metadata.course;
  await answer(files(storage).put(copy, path));
  return `${path} has a newer version; yours is kept, the newer one lies beside it: ${beside}`;
}

// ---------------------------------------------------------------- announced errors

/* Tell JupyterLite, which stops at any error, that an announced one is none. */
function announce(kernel) {
  const execute = kernel.executeRequest.bind(kernel);
  kernel.executeRequest = async content => {
    const reply = await execute(content);
    return content.stop_on_error ? reply : { ...reply, status: 'ok' };
  };
}

function watchKernels() {
  const kernels = window.jupyterapp?.serviceManager?.kernels?._kernelAPIClient?._kernels;
  if (!kernels) {
    setTimeout(watchKernels, 50);
    return;
  }
  for (const kernel of kernels.values()) announce(kernel);
  kernels.changed.connect((_, { type, newValue }) => type !== 'remove' && announce(newValue));
}

// ---------------------------------------------------------------- words

const SAVED = 'Your work is saved in this browser only. ';
const MORE = 'How to keep it, how to start afresh';

function notice(sentences, first) {
  const box = document.createElement('div');
  box.id = 'course-notice';
  box.setAttribute('role', 'status');
  box.style = 'position: fixed; right: 1em; bottom: 2.5em; z-index: 9999; max-width: 26em; '
    + 'padding: .8em 1em; font: 15px/1.4 sans-serif; background: #fffbe6; color: #222; '
    + 'border: 1px solid #8a6d00; border-radius: 4px;';
  for (const sentence of sentences) {
    box.append(Object.assign(document.createElement('p'), { textContent: sentence }));
  }
  const more = { href: new URL('../browser.html', ROOT).href, target: '_blank', textContent: MORE,
    style: 'color: inherit; text-decoration: underline' };
  if (first) box.append(SAVED, Object.assign(document.createElement('a'), more), '. ');
  const button = Object.assign(document.createElement('button'), { textContent: 'Understood' });
  button.onclick = () => {
    localStorage.setItem('course: told where work is saved', 'yes');
    box.remove();
  };
  box.append(button);
  document.body.append(box);
}

const parsed = () => document.readyState === 'loading'
  && new Promise(resolve => document.addEventListener('DOMContentLoaded', resolve));

async function begin() {
  watchKernels();
  const sentences = await refresh().catch(error => [`Saved lessons were not compared: ${error}`]);
  const first = !localStorage.getItem('course: told where work is saved');
  await parsed();
  if (first || sentences.length) notice(sentences, first);
}

await begin();
