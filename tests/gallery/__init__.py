"""Every page in every state, made for real and looked at by a browser: `screens` makes them, `looking` judges them."""
