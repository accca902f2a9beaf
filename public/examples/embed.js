// On a site of your own: import … from 'https://YOUR-POTLUCK-SERVER/potluck.js'; the server is started with
// --embed https://YOUR-SITE. Everything is described in docs/embed.md and potluck.d.ts.
import { createRoom, join } from '../potluck.js';

const at = (id) => document.getElementById(id);
let room;

/** Enters, and shows the room; what goes wrong is said in a sentence made for people. */
async function enter(opening) {
  for (const each of at('door').querySelectorAll('button, input')) each.disabled = true;
  at('create').textContent = 'Opening …';
  at('problem').textContent = '';
  try {
    room = await opening;
    clear();
    at('how').textContent = 'The model is on its way.';
    at('door').hidden = true;
    at('room').hidden = false;
    at('link').textContent = room.link;
    at('qr').innerHTML = await room.qr();
    room.on('devices', showDevices);
    room.on('plan', showDevices);
    room.on('state', showState);
    room.on('log', ({ text }) => (at('news').textContent = text));
    showDevices();
    showState();
    await room.ready();
    at('how').textContent = 'Draw, and the devices read it together.';
  } catch (error) {
    fail(error);
  } finally {
    for (const each of at('door').querySelectorAll('button, input')) each.disabled = false;
    at('create').textContent = 'Make a room';
  }
}

function fail(error) {
  at('problem').textContent = error.message;
}

function showState() {
  const { ended } = room.state;
  if (!ended) return;
  at('room').hidden = true;
  at('door').hidden = false;
  if (ended.reason !== 'left') at('problem').textContent = ended.message;
}

/** Names come from other devices: they are shown as text, never as HTML. */
function showDevices() {
  const items = room.devices.map((device) => {
    const item = document.createElement('li');
    const name = document.createElement('div');
    name.className = 'name';
    name.append(span(device.name), span(doing(device)));
    const bar = document.createElement('div');
    bar.className = 'bar';
    const load = document.createElement('i');
    load.style.width = `${Math.round(100 * device.busy)}%`;
    bar.append(load);
    item.append(name, bar);
    return item;
  });
  at('devices').replaceChildren(...items);
}

function span(text) {
  const element = document.createElement('span');
  element.textContent = text;
  return element;
}

function doing({ id, status, loading, refusal }) {
  if (status === 'refused') return refusal;
  if (loading) return loading.step;
  if (status === 'measuring') return 'measuring';
  const held = (room.plan?.stages ?? []).filter(({ devices }) => devices.includes(id));
  if (held.length === 0) return 'ready';
  return held
    .map(({ start, end }) => (end - start === 1 ? `layer ${end}` : `layers ${start + 1} to ${end}`))
    .join(', ');
}

// Drawing: the picture on the canvas is what the model gets.
const canvas = at('canvas');
const pen = canvas.getContext('2d', { willReadFrequently: true });
Object.assign(pen, { lineWidth: 22, lineCap: 'round', lineJoin: 'round' });
let pause;

const place = ({ offsetX, offsetY }) => {
  const scale = canvas.width / canvas.clientWidth;
  return [offsetX * scale, offsetY * scale];
};
canvas.addEventListener('pointerdown', (event) => {
  canvas.setPointerCapture(event.pointerId);
  clearTimeout(pause);
  pen.beginPath();
  pen.moveTo(...place(event));
});
canvas.addEventListener('pointermove', (event) => {
  if (!canvas.hasPointerCapture(event.pointerId)) return;
  pen.lineTo(...place(event));
  pen.stroke();
});
canvas.addEventListener('pointerup', () => {
  pause = setTimeout(() => ask().catch(fail), 350);
});

const picture = () => pen.getImageData(0, 0, canvas.width, canvas.height);

async function ask() {
  const { top, latencyMs, stages } = await room.runImage(picture());
  const [best] = top;
  at('digit').textContent = best.label;
  const on = stages.length === 1 ? 'one device' : `${stages.length} devices`;
  at('how').textContent =
    `${Math.round(100 * best.probability)} % sure, in ${latencyMs.toFixed(0)} ms on ${on}.`;
  at('problem').textContent = '';
  at('many').disabled = false;
}

/** Several at once, so that each device has something to do. */
async function askOften() {
  at('many').disabled = true;
  const startedAt = performance.now();
  const asked = picture();
  const lane = async () => {
    for (let left = 25; left > 0; left--) await room.runImage(asked);
  };
  await Promise.all([lane(), lane(), lane(), lane()]);
  const perSecond = 100_000 / (performance.now() - startedAt);
  at('how').textContent = `100 answers, ${perSecond.toFixed(0)} a second.`;
  at('many').disabled = false;
}

function clear() {
  clearTimeout(pause);
  pen.clearRect(0, 0, canvas.width, canvas.height);
  at('digit').textContent = '–';
  at('many').disabled = true;
}

at('create').addEventListener('click', () => void enter(createRoom({ model: 'digits' })));
at('joining').addEventListener('submit', (event) => {
  event.preventDefault();
  void enter(join(at('given').value));
});
at('clear').addEventListener('click', clear);
at('many').addEventListener('click', () => askOften().catch(fail));
at('leave').addEventListener('click', () => room.leave().catch(fail));
at('copy').addEventListener('click', async () => {
  try {
    await navigator.clipboard.writeText(room.link);
    at('copy').textContent = 'Copied';
  } catch {
    // A policy or the person may forbid it: the link itself is there to be marked.
    at('copy').textContent = 'Could not copy';
  }
  setTimeout(() => (at('copy').textContent = 'Copy link'), 2000);
});
