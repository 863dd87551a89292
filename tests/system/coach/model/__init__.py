"""Chat, plans and reports with a model behind them: honest, broken or hostile."""
