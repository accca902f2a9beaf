import { describe, expect, it } from 'vitest';
import { findHubModel, hubBase, hubModels } from './catalogue.ts';

describe('the list of well-known models', () => {
  it('names each once, with all that a person wants to know before a download', () => {
    const models = hubModels();
    expect(new Set(models.map(({ id }) => id)).size).toBe(models.length);
    for (const model of models) {
      expect(model.repository).toMatch(/^[\w.-]+\/[\w.-]+$/);
      expect(model.path).toMatch(/^[\w./-]+\.onnx$/);
      expect(model.aboutBytes).toBeGreaterThan(1_000_000);
      for (const text of [model.title, model.purpose, model.about, model.licence]) expect(text).not.toBe('');
    }
  });

  it('finds its files on the hub, or at a mirror with the same paths', () => {
    expect(findHubModel('resnet-50', hubBase('', undefined)).address).toBe(
      'https://huggingface.co/Xenova/resnet-50/resolve/main/onnx/model.onnx',
    );
    const mirror = hubBase('?threads=2&hub=http%3A%2F%2F127.0.0.1%3A8080%2Fhub%2F', 'https://built.test');
    expect(findHubModel('resnet-50', mirror).address).toBe(
      'http://127.0.0.1:8080/hub/Xenova/resnet-50/resolve/main/onnx/model.onnx',
    );
    expect(hubBase('?hub=', 'https://built.test')).toBe('https://built.test');
  });

  it.each([
    'javascript:alert(1)',
    'ftp://hub.test',
    'hub.test',
    'https://me@hub.test',
    'https://hub.test/?a=1',
    'https://',
  ])('refuses what is no address of a hub: %s', (base) => {
    expect(() => findHubModel('resnet-50', base)).toThrow(expect.objectContaining({ name: 'FetchError' }));
  });

  it('tells of a model that is not in it', () => {
    expect(() => findHubModel('gpt')).toThrow(
      expect.objectContaining({ name: 'FetchError', data: expect.objectContaining({ actual: 'gpt' }) }),
    );
  });
});
