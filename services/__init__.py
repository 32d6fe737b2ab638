"""The three services. They meet only on Kafka: none imports another."""
