import { expect, it } from 'vitest';
import { isForeign } from './page-watch.ts';

const PAGE = 'http://127.0.0.1:8080/r/maple-otter-7#secret';

it.each([
  ['http://127.0.0.1:8080/assets/a.js', false],
  ['ws://127.0.0.1:8080/signal', false],
  ['blob:http://127.0.0.1:8080/1234', false],
  ['data:image/png;base64,AA==', false],
  ['http://127.0.0.1:8081/model.onnx', true],
  ['https://fonts.example/a.woff2', true],
  ['wss://elsewhere.example/signal', true],
])('of %s it says foreign = %s', (address, foreign) => {
  expect(isForeign(address, PAGE)).toBe(foreign);
});
