import { FetchError } from '../../core/errors.ts';
import { CIFAR10, DIGITS, type LabelSet } from '../../core/session/labels.ts';

/** The class names of a set. @throws FetchError when the list is not on this server. */
export async function labelsOf(set: LabelSet): Promise<readonly string[]> {
  if (set === 'digits') return DIGITS;
  if (set === 'cifar10') return CIFAR10;
  const response = await fetch(`${import.meta.env.BASE_URL}labels/${set}.json`);
  if (!response.ok) {
    throw new FetchError('The list of class names is not on this server.', {
      step: 'read the class names',
      expected: '200',
      actual: String(response.status),
    });
  }
  return (await response.json()) as readonly string[];
}
