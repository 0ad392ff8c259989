"""A task: roadmap -> graph -> schedule -> execute -> kind -> verify -> journal -> report."""
