import { describe, expect, test, vi } from 'vitest';
import { askToKeep } from './ask-to-keep.ts';

const CHROME = 'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/150.0.0.0 Safari/537.36';
const FIREFOX = 'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0';

function browser(
  userAgent: string,
  state: PermissionState,
  persisted = false,
): { navigator: Navigator; persist: ReturnType<typeof vi.fn> } {
  const persist = vi.fn(async () => true);
  const navigator = {
    userAgent,
    storage: { persist, persisted: async () => persisted },
    permissions: { query: async () => ({ state }) },
  };
  return { navigator: navigator as unknown as Navigator, persist };
}

describe('asking to keep what is stored', () => {
  test.each([
    ['a browser that decides by itself', CHROME, 'prompt', 1],
    ['Firefox, where the person would be asked', FIREFOX, 'prompt', 0],
    ['Firefox, where the person agreed before', FIREFOX, 'granted', 1],
  ] as const)('%s', async (_, userAgent, state, asked) => {
    const { navigator, persist } = browser(userAgent, state);
    expect(await askToKeep(navigator)).toBe(asked === 1);
    expect(persist).toHaveBeenCalledTimes(asked);
  });

  test('what is kept already is not asked for again', async () => {
    const { navigator, persist } = browser(CHROME, 'granted', true);
    expect(await askToKeep(navigator)).toBe(true);
    expect(persist).not.toHaveBeenCalled();
  });

  test('a browser that does not know the question is no error', async () => {
    expect(await askToKeep({ userAgent: CHROME } as Navigator)).toBe(false);
  });
});
