import { describe, expect, it } from 'vitest';
import { fileAddress, modelAddress, modelName } from './address.ts';

describe('an address', () => {
  it('is http or https, absolute or relative to the page, and holds no password', () => {
    expect(modelAddress('https://hub.test/a/m.onnx?x=1#top', undefined).href).toBe(
      'https://hub.test/a/m.onnx?x=1',
    );
    expect(modelAddress('models/m.onnx', 'https://page.test/r/room').href).toBe(
      'https://page.test/r/models/m.onnx',
    );
    for (const text of [
      'm.onnx',
      'ftp://hub.test/m.onnx',
      'javascript:alert(1)',
      'https://me:word@hub.test/m.onnx',
      '',
    ]) {
      expect(() => modelAddress(text, undefined)).toThrow(
        expect.objectContaining({
          name: 'FetchError',
          data: expect.objectContaining({ step: 'read the address' }),
        }),
      );
    }
  });

  it('of external data lies beside the model or below, without its query', () => {
    const model = 'https://hub.test/repo/onnx/model.onnx?download=true';
    expect(fileAddress(model, '')).toBe(model);
    expect(fileAddress(model, 'model.onnx_data')).toBe('https://hub.test/repo/onnx/model.onnx_data');
    expect(fileAddress(model, './model.onnx_data_1')).toBe('https://hub.test/repo/onnx/model.onnx_data_1');
    expect(fileAddress(model, 'weights/a?b#c %41')).toBe(
      'https://hub.test/repo/onnx/weights/a%3Fb%23c%20%2541',
    );
    expect(fileAddress(model, 'https:')).toBe('https://hub.test/repo/onnx/https%3A');
  });

  it.each([
    '../secret',
    'a/../../b',
    '//evil.test/x',
    '/etc/passwd',
    'a//b',
    'a\\b',
    '.',
    'https://evil.test/w',
  ])('is refused for external data that leads elsewhere: %s', (name) => {
    expect(() => fileAddress('https://hub.test/m.onnx', name)).toThrow(
      expect.objectContaining({ name: 'FetchError' }),
    );
  });

  it('names the model by its file', () => {
    expect(modelName(new URL('https://hub.test/a/my%20model.onnx?x'))).toBe('my model');
    expect(modelName(new URL('https://hub.test/100%.onnx'))).toBe('100%');
    expect(modelName(new URL('https://hub.test/'))).toBe('hub.test');
    expect(modelName(new URL('https://hub.test/org/smol/resolve/main/onnx/model_q4.onnx'))).toBe('smol');
  });
});
