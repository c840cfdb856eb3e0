"""What the DAG files need besides wiring. No file in here is a DAG."""
