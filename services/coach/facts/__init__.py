"""What coach can say of a training log: numbers, each with the sets or measurements that it comes from."""
