import { type Signal, signal } from '@preact/signals';

export type Theme = 'light' | 'dark';

const SLOT = 'potluck:theme';

/** The theme on screen: the person's choice, else the system's. */
export const theme: Signal<Theme> = signal('light');

/** Puts the theme on the page and follows the system until the person chooses. */
export function startTheme(): void {
  const system = matchMedia('(prefers-color-scheme: dark)');
  const show = (): void => {
    const chosen = stored();
    theme.value = chosen ?? (system.matches ? 'dark' : 'light');
    document.documentElement.setAttribute('data-theme', theme.value);
  };
  system.addEventListener('change', show);
  show();
}

/** Switches to the other theme and remembers it on this device. */
export function toggleTheme(): void {
  theme.value = theme.value === 'dark' ? 'light' : 'dark';
  document.documentElement.setAttribute('data-theme', theme.value);
  try {
    localStorage.setItem(SLOT, theme.value);
  } catch {
    // Storage may be forbidden; the choice then lasts as long as the page.
  }
}

function stored(): Theme | undefined {
  try {
    const value = localStorage.getItem(SLOT);
    return value === 'light' || value === 'dark' ? value : undefined;
  } catch {
    // Storage may be forbidden; then the system decides.
    return undefined;
  }
}
