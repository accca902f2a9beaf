/** Sets of class names that a classifier's shape can point to. */
export type LabelSet = 'digits' | 'cifar10' | 'imagenet1k';

export const DIGITS: readonly string[] = ['0', '1', '2', '3', '4', '5', '6', '7', '8', '9'];

/** In the order of the data set (Krizhevsky, 2009). */
export const CIFAR10: readonly string[] = [
  'airplane',
  'automobile',
  'bird',
  'cat',
  'deer',
  'dog',
  'frog',
  'horse',
  'ship',
  'truck',
];
