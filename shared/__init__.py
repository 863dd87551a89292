"""The contract and the kernel that every service, the client and the tests stand on. Imports none of them."""
