"""Who can be told, and where: copies of people and suppliers, what they wish to be told, addresses not to be used."""
