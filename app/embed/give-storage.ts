const KINDS = ['localStorage', 'sessionStorage'] as const;

/**
 * Gives a window storage that lasts as long as itself where the browser withholds the lasting one, as some do from frames
 * of another site: then the device is somebody new at each visit.
 */
export function giveStorage(to: object): void {
  for (const kind of KINDS) {
    try {
      // Reading the property is what throws.
      if (Reflect.get(to, kind)) continue;
    } catch {
      // Withheld: below.
    }
    Object.defineProperty(to, kind, { value: memoryStorage(), configurable: true });
  }
}

function memoryStorage(): Storage {
  const slots = new Map<string, string>();
  return {
    get length() {
      return slots.size;
    },
    key: (index) => [...slots.keys()][index] ?? null,
    getItem: (key) => slots.get(key) ?? null,
    setItem: (key, value) => void slots.set(key, value),
    removeItem: (key) => void slots.delete(key),
    clear: () => slots.clear(),
  };
}
